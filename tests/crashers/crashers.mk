# SPDX-License-Identifier: Apache-2.0
# Programs that die in known ways, build/crashers/NAME. Their flags are fixed, whatever VARIANT is, for what tests
# compare is their stacks. `make crashers` builds all of $(CRASHERS); tests/crashers/expected.tsv says how each dies.

CRASHERS := nullderef abort heap overflow fpe terminate assert threads nofp stripped sighandler
# `rustc` may be a rustup shim without a toolchain behind it: ask it something.
ifneq ($(shell rustc --version 2>/dev/null),)
CRASHERS += rust
endif

# Without a line in expected.tsv: what they prove is said in the tests that use them.
CRASHERS += altstack static static-pie crowd

CRASHERS_IN    := build/crashers
CRASHERS_FLAGS := -g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -Wall -Wextra -Werror

$(CRASHERS_IN)/nofp: CRASHERS_FLAGS := -g -O3 -fomit-frame-pointer -Wall -Wextra -Werror

$(CRASHERS_IN)/static: CRASHERS_FLAGS += -static

crashers: $(CRASHERS:%=$(CRASHERS_IN)/%)   ## build the programs that die in known ways
.PHONY: crashers

$(CRASHERS_IN)/%: tests/crashers/%.c tests/crashers/frame.h tests/crashers/crashers.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -D_GNU_SOURCE $(CRASHERS_FLAGS) -o $@ $< -lpthread

$(CRASHERS_IN)/%: tests/crashers/%.cc tests/crashers/frame.h tests/crashers/crashers.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)g++ -std=c++17 $(CRASHERS_FLAGS) -o $@ $<

$(CRASHERS_IN)/%: tests/crashers/%.rs tests/crashers/crashers.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)rustc --edition 2021 -g -C opt-level=1 -C panic=abort -o $@ $<

$(CRASHERS_IN)/static-pie: tests/crashers/static.c tests/crashers/frame.h tests/crashers/crashers.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -D_GNU_SOURCE $(CRASHERS_FLAGS) -fPIE -static-pie -o $@ $< -lpthread

# Two files of one program: what is installed, and its debug information.
$(CRASHERS_IN)/stripped: tests/crashers/stripped.c tests/crashers/frame.h tests/crashers/crashers.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -D_GNU_SOURCE $(CRASHERS_FLAGS) -o $@.whole $<
	$(Q)objcopy --only-keep-debug $@.whole $@.debug
	$(Q)strip --strip-all -o $@ $@.whole && rm $@.whole

include tests/crashers/matrix.mk

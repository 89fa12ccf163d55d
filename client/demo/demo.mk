# SPDX-License-Identifier: Apache-2.0
# The programs that corralctl demo has crash, build/VARIANT/lib/corral/demo/NAME. Their flags are fixed, whatever VARIANT is, and
# their sources have one name wherever they are built. Without g++ the one in C++ is left out.
DEMO_CC := $(basename $(notdir $(wildcard client/demo/*.c)))
DEMO_CXX := $(if $(shell command -v g++),ledger)
DEMO_PROGRAMS := $(addprefix $(B)/lib/corral/demo/,$(DEMO_CC) $(DEMO_CXX))
DEMO_FLAGS := -g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -Wall -Wextra -Wl,--build-id \
              -ffile-prefix-map=$(CURDIR)=/usr/src/corral

$(B)/lib/corral/demo/%: client/demo/%.c client/demo/frame.h client/demo/demo.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -D_GNU_SOURCE $(DEMO_FLAGS) -o $@ $< -lpthread

$(B)/lib/corral/demo/%: client/demo/%.cc client/demo/frame.h client/demo/demo.mk
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)g++ -std=c++17 $(DEMO_FLAGS) -o $@ $<

# SPDX-License-Identifier: Apache-2.0
# Tests and quality. Everything that is run here is a TAP program and goes through
# tests/lib/tap-run: a unit test's binary, a fuzz target over its corpus, a check of the source, a
# shell script. `make check` is all of them in one run.

-include tests/crashers/crashers.mk

TAP_RUN := BUILD=$(B) tests/lib/tap-run

# --- Test programs: tests/unit/NAME.c, tests/fuzz/NAME.c -----------------------------------------------------------
# Each is linked with all of common/ and, for a program's module, with that program's objects except
# its main: a comment /* UNIT: FOLDER... */ that begins in its first five lines names the folders.
UNIT_NAMES := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
UNIT_BINS  := $(UNIT_NAMES:%=$(B)/tests/unit/%)
FUZZ_BINS  := $(FUZZ_NAMES:%=$(B)/tests/fuzz/%)

# FILE=FOLDER words, read once.
UNIT_MARKS := $(shell awk 'FNR <= 2 { on = 0 } FNR <= 5 && /^\/\* UNIT:/ { on = 1 } \
                      on { for (i = 1; i <= NF; i++) if ($$i ~ /^[a-z]+(\/|$$)/) print FILENAME "=" $$i } \
                      /\*\// { on = 0 }' tests/unit/*.c tests/fuzz/*.c 2>/dev/null)
# A program's own top folder stands for all that the program is made of.
whole_program = $(or $(strip $(foreach p,$(PROGRAMS),$(if $(findstring /,$(1)),,$(if $(filter $(1),$(firstword $($(p)_DIRS))),$($(p)_DIRS))))),$(1))
marked_dirs = $(sort $(foreach d,$(patsubst $(1)=%,%,$(filter $(1)=%,$(UNIT_MARKS))),$(call whole_program,$(d))))
marked_objs = $(filter-out %/main.o,$(foreach d,$(call marked_dirs,$(1)),$(call objs,$(d))))
# Objects that a build step makes from other things than C (embedded SQL), by their program's first
# folder.
marked_extra = $(foreach p,$(PROGRAMS),$(if $(filter $(firstword $($(p)_DIRS)),$(call marked_dirs,$(1))),$($(p)_EXTRA)))

TEST_LIBS := $(patsubst %,$(B)/lib%.a,http store search report core daemon base)
TEST_SYS   = $(sort $(foreach l,$(COMMON),$(SYS_$(l))) $(foreach p,$(PROGRAMS),$($(p)_SYS)))
CHECK_SYS := -lcheck -lsubunit -lrt -lm

# $(1) unit or fuzz, $(2) name, $(3) further objects
define test_program
$(B)/tests/$(1)/$(2): $(B)/obj/tests/$(1)/$(2).o $(3) $$(call marked_objs,tests/$(1)/$(2).c) \
                      $$(call marked_extra,tests/$(1)/$(2).c) $(TEST_LIBS)
	$$(Q_LD)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(TEST_SYS) $$(CHECK_SYS) -lpthread
endef
$(foreach n,$(UNIT_NAMES),$(eval $(call test_program,unit,$(n),)))
$(foreach n,$(FUZZ_NAMES),$(eval $(call test_program,fuzz,$(n),$(B)/obj/tests/lib/replay.o)))

# What the runner starts: the target with its corpus folder.
$(FUZZ_NAMES:%=$(B)/tests/fuzz/%.replay): $(B)/tests/fuzz/%.replay: $(B)/tests/fuzz/%
	@printf '#!/bin/sh\nexec %s tests/corpus/%s\n' '$<' '$*' >$@ && chmod +x $@

# A slim core of a crash without any handler.
SLIM_CORE := $(B)/tests/lib/slim-core
$(SLIM_CORE): $(B)/obj/tests/lib/slim-core.o $(call objs,client/slim client/sidecar) $(B)/libcore.a $(B)/libbase.a
	$(Q_LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lpthread
# The index of one file, its size by section, and what it says of an address.
INDEX_TOOL := $(B)/tests/lib/index-tool
$(INDEX_TOOL): $(B)/obj/tests/lib/index-tool.o $(call objs,workerd/indexer workerd/index) $(B)/libreport.a \
               $(B)/libcore.a $(B)/libbase.a
	$(Q_LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) -liberty -lz -lzstd -llzma -ljansson -lpthread
# What the detector of groups of several bugs says of stacks.
DETECTOR_TOOL := $(B)/tests/lib/detector-tool
$(DETECTOR_TOOL): $(B)/obj/tests/lib/detector-tool.o $(addprefix $(B)/obj/workerd/,regroup/detector.o regroup/hint.o \
                  regroup/profile.o splits.o) $(call objs,workerd/grouping) $(corral-workerd-daemon_EXTRA) \
                  $(B)/libreport.a $(B)/libbase.a
	$(Q_LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) -ljansson -lcrypto -lpthread
# Static, so that each of its many runs is short.
PID_RACE := $(B)/tests/lib/pid-race
$(PID_RACE): tests/lib/pid-race.c $(B)/flags
	$(Q_LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(if $(filter release,$(VARIANT)),-static-pie) -o $@ $<

# --- Groups of tests ------------------------------------------------------------------------------------------------
STATIC      := $(addprefix tests/lib/check-,layers headers scripts metrics format)
INTEGRATION := $(sort $(wildcard tests/integration/[0-9]*.sh))
BROWSER     := $(sort $(wildcard tests/browser/[0-9]*.sh))

test-deps:
	@tests/lib/deps build run test
.PHONY: test-deps

# The packages come before anything is compiled, so the rest is another make.
phase = @$(MAKE) $(if $(filter 1,$(V)),,-s) --no-print-directory

check: test-deps   ## run every test
	$(phase) check-build
	@tests/lib/leftovers begin $(B)/leftovers
	@$(TAP_RUN) $(STATIC) $(UNIT_BINS) $(patsubst $(B)/%,build/asan/%,$(FUZZ_BINS:%=%.replay)) \
	    $(INTEGRATION) $(BROWSER) $(B)/leftovers
.PHONY: check

# Fuzz targets replay under AddressSanitizer: what a parser reads past its end shows in no other
# way.
check-build: all crashers $(SLIM_CORE) $(INDEX_TOOL) $(DETECTOR_TOOL) $(PID_RACE) $(UNIT_BINS)
	$(phase) VARIANT=asan fuzz-build
fuzz-build: $(FUZZ_BINS:%=%.replay)
.PHONY: check-build fuzz-build

unit: test-deps   ## unit tests (T=NAME for one)
	$(phase) unit-build
	@$(TAP_RUN) $(if $(T),$(B)/tests/unit/$(T),$(UNIT_BINS))
unit-build: $(if $(T),$(B)/tests/unit/$(T),$(UNIT_BINS))
.PHONY: unit unit-build

fuzz-replay: test-deps   ## fuzz targets over tests/corpus, under AddressSanitizer
	$(phase) VARIANT=asan fuzz-build
	@$(TAP_RUN) $(patsubst $(B)/%,build/asan/%,$(FUZZ_BINS:%=%.replay))
.PHONY: fuzz-replay

integration: test-deps   ## integration tests against real servers (T=NAME for one)
	$(phase) all crashers $(SLIM_CORE) $(INDEX_TOOL) $(DETECTOR_TOOL) $(PID_RACE)
	@$(TAP_RUN) $(if $(T),tests/integration/$(T).sh,$(INTEGRATION))
.PHONY: integration

browser: test-deps   ## the dashboard in a headless Chromium
	$(phase) all crashers
	@$(TAP_RUN) $(BROWSER)
.PHONY: browser

asan: test-deps   ## unit tests and fuzz targets under AddressSanitizer and UBSan
	$(phase) VARIANT=asan unit-build fuzz-build
	@BUILD=build/asan tests/lib/tap-run $(patsubst $(B)/%,build/asan/%,$(UNIT_BINS) $(FUZZ_BINS:%=%.replay))
.PHONY: asan

# libFuzzer's runtime is installed by hand: libclang-rt-14-dev.
fuzz:   ## fuzz one target with libFuzzer: make fuzz T=NAME [SECONDS=60]
	@test -n '$(T)' || { echo 'make fuzz T=NAME; there are: $(FUZZ_NAMES)'; exit 2; }
	@command -v clang >/dev/null || { echo 'needs clang: apt-get install clang libclang-rt-14-dev'; exit 1; }
	@mkdir -p build/fuzz/$(T)
	clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -I$(B)/gen \
	    -isystem /usr/include/postgresql -o build/fuzz/$(T)/target tests/fuzz/$(T).c $(call srcs,$(COMMON:%=common/%)) \
	    $(filter-out %/main.c,$(call srcs,$(call marked_dirs,tests/fuzz/$(T).c))) \
	    $(patsubst $(B)/obj/%.o,$(B)/%.c,$(call marked_extra,tests/fuzz/$(T).c)) $(TEST_SYS) -lpthread
	build/fuzz/$(T)/target -max_total_time=$(or $(SECONDS),60) -timeout=5 -rss_limit_mb=2048 \
	    -artifact_prefix=build/fuzz/$(T)/ build/fuzz/$(T) tests/corpus/$(T)
.PHONY: fuzz

torture:   ## mutated cores and modules through the engine, for SECONDS=60
	$(phase) all crashers
	@BUILD=$(B) nice tests/lib/torture $(or $(SECONDS),60) $(SEED)
.PHONY: torture

golden:   ## show how the stacks of the crashers differ from tests/golden
	$(phase) all crashers
	@tests/golden/check
.PHONY: golden

bench: test-deps   ## measure one crash beside its peers (ROUNDS=7; SIZES='MIB:THREADS…'; CORES='NAME…'; JSON=1: JSON lines)
	$(phase) all crashers crashers-matrix $(B)/tests/bench/hold $(B)/tests/bench/cost
	@BUILD=$(B) ROUNDS='$(ROUNDS)' JSON='$(JSON)' $(if $(SIZES),SIZES='$(SIZES)') tests/bench/capture
	@BUILD=$(B) ROUNDS='$(ROUNDS)' JSON='$(JSON)' tests/bench/one-crash
	@BUILD=$(B) ROUNDS='$(ROUNDS)' JSON='$(JSON)' $(if $(CORES),CORES='$(CORES)') FULL='$(FULL)' tests/bench/engine
	@BUILD=$(B) JSON='$(JSON)' WORST=0 tests/score/all
	@BUILD=$(B) JSON='$(JSON)' $(if $(ROUNDS),ROUNDS='$(ROUNDS)') tests/bench/pages
$(B)/tests/bench/%: $(B)/obj/tests/bench/%.o
	$(Q_LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -lpthread
.PHONY: bench

score: test-deps   ## how well crashes are grouped, beside simple peers (SETS='NAME…'; WORST=5 offenders; JSON=1)
	$(phase) all $(DETECTOR_TOOL)
	@BUILD=$(B) JSON='$(JSON)' $(if $(SETS),SETS='$(SETS)') WORST='$(WORST)' tests/score/all
.PHONY: score

# --- Quality of the source ------------------------------------------------------------------------------------------
OWN_C = $(shell find common client ingestd workerd dashd tests/unit tests/fuzz tests/lib tests/bench \
                     -name '*.[ch]')

check-layers: all   ## no include against the direction in HACKING.md
	@$(TAP_RUN) tests/lib/check-layers
check-headers:   ## each header compiles alone, and twice
	@$(TAP_RUN) tests/lib/check-headers
check-format:   ## the C source is laid out as .clang-format says
	@$(TAP_RUN) tests/lib/check-format
check-scripts:   ## shellcheck over every shell script
	@$(TAP_RUN) tests/lib/check-scripts
metrics:   ## length and complexity of functions and files
	@tests/lib/check-metrics --show
	@$(TAP_RUN) tests/lib/check-metrics
.PHONY: check-layers check-headers check-format check-scripts metrics

format:   ## lay the C source out as .clang-format says
	clang-format -i $(OWN_C)
analyze:   ## gcc's static analysis (slow, advisory)
	@for f in $(filter %.c,$(OWN_C)); do echo "  ANALYZE $$f"; \
	    $(CC) $(CFLAGS_ALL) -Wno-error -fanalyzer -c -o /dev/null $$f || exit; done
.PHONY: format analyze

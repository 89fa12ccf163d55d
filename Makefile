# SPDX-License-Identifier: Apache-2.0
# Corral's only makefile. `make help` lists what it can do.

# --- Knobs ------------------------------------------------------------------------------------------------
# VARIANT: release, asan (AddressSanitizer and UBSan), cov. V=1 shows the commands. WERROR=1 as in CI.
VARIANT ?= release
PREFIX  ?= /usr
# (Sanitizers make gcc see null pointers where there are none: warnings are errors in the release variant only.)
WERROR  ?= $(if $(filter release,$(VARIANT)),1)
CC      := gcc
B       := build/$(VARIANT)

# --- Flags ------------------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wpointer-arith \
        -Wformat=2 -Wvla -Wundef -fno-common $(if $(filter 1,$(WERROR)),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer
OPT_cov     := -O0 -g --coverage
CFLAGS_ALL := -std=gnu17 $(OPT_$(VARIANT)) $(WARN) $(HARDEN) -D_GNU_SOURCE -I. -I$(B)/gen \
              -isystem /usr/include/postgresql $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(filter -fsanitize% --coverage,$(OPT_$(VARIANT))) $(LDFLAGS)

include tests/lib/quiet.mk

# --- Libraries: common/NAME becomes libNAME.a -----------------------------------------------------------------
COMMON := base report core store http daemon search
# What each one needs from the system when it is linked.
SYS_base   := -lcrypto
SYS_report := -ljansson
SYS_core   :=
SYS_store  := -lhiredis -lpq
SYS_http   := -lmicrohttpd -ljansson -lz -lzstd
SYS_daemon := -lsystemd
SYS_search :=

# --- Programs: folders of their sources, libraries of ours in link order, libraries of the system -----------------
# NAME_TO: where it goes below build/VARIANT and PREFIX (default bin): what nobody starts by hand is in lib/corral.
PROGRAMS := corral-handler corral-sender corralctl corral-ingestd corral-dashd corral-workerd-daemon \
            corral-engine corral-reference corral-fetcher
corral-handler_DIRS := client/handler client/process client/sidecar client/slim client/spool
corral-handler_LIBS := report core base
corral-handler_SYS  := -lzstd
# Started for every crash while the process waits: without a dynamic linker it is there sooner.
# HANDLER_STATIC= for a system without static libraries.
HANDLER_STATIC ?= $(if $(filter release,$(VARIANT)),1)
corral-handler_LINK := $(if $(HANDLER_STATIC),-static-pie)
corral-sender_DIRS  := client/sender client/sidecar client/transport client/spool
corral-sender_LIBS  := daemon report core base
corral-sender_SYS   := -lcurl -lzstd
corralctl_DIRS      := client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo client/transport client/spool
corralctl_LIBS      := report core base
corralctl_SYS       := -lcurl -lzstd
corral-ingestd_DIRS := ingestd
corral-ingestd_LIBS := http store report core daemon base
corral-ingestd_SYS  := -lzstd
# corral-workerd is a link to corral-engine, which becomes the daemon (workerd/front/programs.h).
corral-workerd-daemon_TO   := lib/corral
corral-workerd-daemon_DIRS := workerd workerd/grouping workerd/healing workerd/regroup workerd/workflow workerd/supply workerd/index \
                              workerd/sources workerd/wire
corral-workerd-daemon_ALSO := workerd/front/programs workerd/fetcher/talk
corral-workerd-daemon_LIBS := http store search report core daemon base
corral-workerd-daemon_SYS  :=
# Reads hostile bytes: without a dynamic linker and with as little as possible around it. ENGINE_STATIC= as above.
ENGINE_STATIC ?= $(if $(filter release,$(VARIANT)),1)
corral-engine_TO   := lib/corral
corral-engine_DIRS := workerd/engine workerd/front workerd/wire workerd/oneshot workerd/cause workerd/naming workerd/variables workerd/unwind workerd/indexer \
                      workerd/analysis workerd/image workerd/sources workerd/index
corral-engine_LIBS := report core store daemon base
corral-engine_BARE := store daemon
corral-engine_SYS  := -liberty -lzstd -lz -llzma
corral-engine_LINK := $(if $(ENGINE_STATIC),-static-pie)
corral-reference_TO   := lib/corral
corral-reference_DIRS := workerd/reference workerd/oneshot workerd/analysis workerd/image \
                         workerd/sources workerd/index
corral-reference_ALSO := workerd/indexer/demangle workerd/indexer/mangled
corral-reference_LIBS := report core store base
corral-reference_BARE := store
corral-reference_SYS  := -ldw -lelf -liberty -lzstd
# The one with a network: knows nothing, and nothing of ours is in its reach.
corral-fetcher_TO   := lib/corral
corral-fetcher_DIRS := workerd/fetcher
corral-fetcher_LIBS := base
corral-fetcher_SYS  := -lcurl
corral-dashd_DIRS   := dashd
corral-dashd_LIBS   := http store search report core daemon base
corral-dashd_SYS    := -lsodium -lzstd

# What a program is linked as, and from which libraries of the system: NAME_BARE names our libraries whose
# needs it has not, for it uses the parts that have none.
built   = $(B)/$(or $($(1)_TO),bin)/$(1)
syslibs = $($(1)_SYS) $(foreach l,$(filter-out $($(1)_BARE),$($(1)_LIBS)),$(SYS_$(l)))

include client/demo/demo.mk

all: $(foreach p,$(PROGRAMS),$(call built,$(p))) $(B)/bin/corral-workerd $(DEMO_PROGRAMS)   ## build the programs (default)
.DEFAULT_GOAL := all
.PHONY: all

# --- How things are built ---------------------------------------------------------------------------------
srcs  = $(sort $(wildcard $(1:%=%/*.c)))
objs  = $(patsubst %.c,$(B)/obj/%.o,$(call srcs,$(1)))

# A change of flags rebuilds everything of the variant.
$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL)' > $@
FORCE:
.PHONY: FORCE

$(B)/obj/%.o: %.c $(B)/flags
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

define library
$(B)/lib$(1).a: $$(call objs,common/$(1))
	$$(Q_AR)
	$$(Q)rm -f $$@; ar rcsD $$@ $$^
endef
$(foreach l,$(COMMON),$(eval $(call library,$(l))))

# By rename, so that a program that is in use (core_pattern under make run) is there at every moment.
define program
$(call built,$(1)): $$(call objs,$$($(1)_DIRS)) $$($(1)_ALSO:%=$$(B)/obj/%.o) $$($(1)_EXTRA) \
                    $$(patsubst %,$(B)/lib%.a,$$($(1)_LIBS))
	$$(Q_LD)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) $$($(1)_LINK) -o $$@.new $$(filter %.o,$$^) $$(filter %.a,$$^) \
	    $$(call syslibs,$(1)) -lpthread
	$$(Q)mv $$@.new $$@
endef

$(B)/bin/corral-workerd: $(B)/lib/corral/corral-engine
	@mkdir -p $(@D)
	$(Q)ln -sfn ../lib/corral/corral-engine $@

include dashd/templates.mk
include workerd/migrations.mk
include workerd/rules.mk
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- Tests, quality, running, installing: one file each ----------------------------------------------------------
include tests/tests.mk
include tests/lib/run.mk
include systemd/install.mk

clean:   ## remove what was built (run/ is kept: make stop first)
	rm -rf build
.PHONY: clean

help:   ## this list
	@grep -hE '^[a-z-]+:.*##' $(filter-out %.d,$(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 18
.PHONY: help

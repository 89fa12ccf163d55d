# SPDX-License-Identifier: Apache-2.0
# make install [DESTDIR=] [PREFIX=/usr]: all of Corral, or install-client and install-server for one half. Puts files in place and
# changes nothing else: no user is made, no service started, core_pattern is left alone (corralctl client setup); README.md has those
# steps. What is in use is replaced by rename. A configuration
# in /etc/corral is never overwritten; the sample of this version is always in PREFIX/share/corral. make uninstall takes
# away what install put, but for /etc/corral and /var/lib/corral, and gives core_pattern back when it is ours.

SBIN    := $(DESTDIR)$(PREFIX)/sbin
BIN     := $(DESTDIR)$(PREFIX)/bin
LIB     := $(DESTDIR)$(PREFIX)/lib/corral
SHARE   := $(DESTDIR)$(PREFIX)/share/corral
MAN     := $(DESTDIR)$(PREFIX)/share/man
SYSTEM  := $(DESTDIR)$(PREFIX)/lib
ETC     := $(DESTDIR)/etc/corral

# What either half consists of. A path in ..._SYSTEMD is the same below systemd/ and below PREFIX/lib, but for the units' own folder.
client_SBIN    := corral-handler corral-sender
client_BIN     := corralctl
client_UNITS   := corral-sender.service corral-handler.service corral-handler.socket corral-missed.service corral-missed.timer
client_SYSTEMD := sysusers.d/corral-client.conf tmpfiles.d/corral-client.conf
client_CONF    := client
client_MAN     := corral-handler.8 corral-sender.8 corralctl.1 corral-client.conf.5 corral.conf.5

server_SBIN    := corral-ingestd corral-dashd
server_BIN     := corralctl
server_LIB     := corral-workerd-daemon corral-engine corral-reference corral-fetcher
# NAME:PROGRAM of ..._LIB that it leads to.
server_LINKS   := corral-workerd:corral-engine
server_UNITS   := corral-ingestd.service corral-workerd.service corral-dashd.service corral-fetcher.socket corral-fetcher@.service
server_SYSTEMD := sysusers.d/corral-server.conf tmpfiles.d/corral-server.conf
server_CONF    := ingestd workerd dashd
# What people read below PREFIX/share/corral.
server_SHARE   := etc/grouping.rules
server_MAN     := corral-ingestd.8 corral-workerd.8 corral-dashd.8 corralctl.1 corral.conf.5 corral-query.7 corral-api.7

# Units and sysctl file name the programs where PREFIX=/usr puts them.
relocate = sed 's,/usr/\(sbin\|share\|lib/corral\)/,$(PREFIX)/\1/,g'

install: install-client install-server   ## install client and server (DESTDIR=, PREFIX=/usr)

install-client: $(foreach p,$(client_SBIN) $(client_BIN),$(B)/bin/$(p)) $(DEMO_PROGRAMS)   ## install what a machine that crashes needs
	$(call install_half,client)
	@mkdir -p '$(SHARE)'
	$(Q)$(relocate) systemd/sysctl.d/60-corral.conf >'$(SHARE)/60-corral.conf'

install-server: $(foreach p,$(server_SBIN) $(server_BIN) $(server_LIB),$(call built,$(p))) $(DEMO_PROGRAMS)   ## install ingestd, workerd, dashd
	$(call install_half,server)

# By rename: the handler is there at every moment, for the kernel may start it at any.
whole = install -m 755 "$(1)" "$(2).new" && mv -f "$(2).new" "$(2)"

define install_half
@echo "  INSTALL  $(1) below $(DESTDIR)$(PREFIX)"
$(Q)install -d '$(SBIN)' '$(BIN)' $(if $($(1)_LIB),'$(LIB)') '$(SHARE)' '$(SYSTEM)/systemd/system' '$(ETC)'
$(Q)set -e; for f in $($(1)_SBIN); do $(call whole,$(B)/bin/$$f,$(SBIN)/$$f); done
$(Q)set -e; for f in $($(1)_BIN); do $(call whole,$(B)/bin/$$f,$(BIN)/$$f); done
$(Q)set -e; for f in $($(1)_LIB); do $(call whole,$(B)/lib/corral/$$f,$(LIB)/$$f); done
$(Q)install -d '$(LIB)/demo'; set -e; for f in $(DEMO_PROGRAMS); do $(call whole,$$f,$(LIB)/demo/$${f##*/}); done
$(Q)set -e; for l in $($(1)_LINKS); do ln -sfn "../lib/corral/$${l#*:}" '$(SBIN)/'$${l%:*}; done
$(Q)set -e; for f in $($(1)_UNITS); do $(relocate) systemd/$$f >'$(SYSTEM)/systemd/system/'$$f; done
$(Q)set -e; for f in $($(1)_SYSTEMD); do install -D -m 644 systemd/$$f '$(SYSTEM)/'$$f; done
$(Q)set -e; for f in $($(1)_MAN); do install -D -m 644 docs/man/$$f '$(MAN)/man'$${f##*.}/$$f; done
$(Q)set -e; for f in $($(1)_SHARE); do install -m 644 $$f '$(SHARE)/'$${f##*/}; done
$(Q)set -e; for f in $($(1)_CONF); do \
    install -m 644 etc/$$f.conf '$(SHARE)/'$$f.conf; \
    test -e '$(ETC)/'$$f.conf || install -m 644 etc/$$f.conf '$(ETC)/'$$f.conf; done
endef

uninstall:   ## remove what make install put (DESTDIR=, PREFIX= as then)
	@echo "  UNINSTALL  below $(DESTDIR)$(PREFIX); /etc/corral and /var/lib/corral stay"
	@if [ -z '$(DESTDIR)' ] && [ -x '$(BIN)/corralctl' ] && grep -qs -e '$(PREFIX)/sbin/corral-handler' -e '@@/run/corral/' \
	    /proc/sys/kernel/core_pattern; then '$(BIN)/corralctl' client disable; fi
	$(Q)rm -f $(foreach h,client server, \
	    $($(h)_SBIN:%='$(SBIN)/%') $(foreach l,$($(h)_LINKS),'$(SBIN)/$(firstword $(subst :, ,$(l)))') $($(h)_BIN:%='$(BIN)/%') $($(h)_LIB:%='$(LIB)/%') $($(h)_UNITS:%='$(SYSTEM)/systemd/system/%') \
	    $($(h)_SYSTEMD:%='$(SYSTEM)/%') $(foreach m,$($(h)_MAN),'$(MAN)/man$(subst .,,$(suffix $(m)))/$(m)'))
	$(Q)rm -rf '$(SHARE)' '$(LIB)'

.PHONY: install install-client install-server uninstall

# SPDX-License-Identifier: Apache-2.0
# Corral on this machine, for trying it and for developing it: tests/lib/run says what happens.

run:   ## a whole Corral under run/ until Ctrl-C; DETACH=1: until make stop; PORTS=auto: any free ports
	@tests/lib/deps build run
	$(phase) all build/crashers/nullderef
	@BUILD=$(B) DETACH='$(DETACH)' PORTS='$(PORTS)' tests/lib/run up
stop:   ## stop what make run started, put core_pattern back
	@BUILD=$(B) tests/lib/run stop
status:   ## what of it is running
	@BUILD=$(B) tests/lib/run status
.PHONY: run stop status

# SPDX-License-Identifier: Apache-2.0
# The programs of tests/crashers/matrix/rows.tsv: the same few sources by many compilers, options and tools, for
# comparing what debuggers make of them. Not part of `make crashers`; the tests that use them build them.

MATRIX_IN    := build/crashers-matrix
MATRIX_NAMES := $(shell cut -f 1 tests/crashers/matrix/rows.tsv | grep -v '^\#')
MATRIX_FROM  := $(wildcard tests/crashers/*.c tests/crashers/*.cc tests/crashers/*.rs tests/crashers/*.h tests/crashers/matrix/*)

Q_MATRIX      = $(if $(Q),@echo "  CC   $(@:.built=)",@:)

crashers-matrix: $(MATRIX_NAMES:%=$(MATRIX_IN)/%.built)   ## build the crashers of the matrix (use -j)
.PHONY: crashers-matrix

$(MATRIX_IN)/%.built: $(MATRIX_FROM)
	$(Q_MATRIX)
	$(Q)tests/crashers/matrix/build $*
	@[ -e $(@:.built=.skip) ] || touch $@

# SPDX-License-Identifier: Apache-2.0
# Short lines unless V=1: "  CC  path".
ifeq ($(V),1)
Q :=
Q_CC := @:
Q_AR := @:
Q_LD := @:
Q_GEN := @:
else
Q := @
Q_CC  = @echo "  CC   $<"
Q_AR  = @echo "  AR   $@"
Q_LD  = @echo "  LD   $@"
Q_GEN = @echo "  GEN  $@"
endif

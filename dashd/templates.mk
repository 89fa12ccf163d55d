# SPDX-License-Identifier: Apache-2.0
# dashd's sources beyond dashd/*.c: its sub-folders, the templates that tmplc compiles, and the files that are embedded.

corral-dashd_DIRS += dashd/access dashd/admin dashd/grouping dashd/source dashd/view dashd/workflow

DASHD_TEMPLATES    := $(sort $(wildcard dashd/templates/*.html))
corral-dashd_EXTRA := $(DASHD_TEMPLATES:dashd/templates/%.html=$(B)/obj/gen/dashd/templates/%.o)

# It runs while the programs are built, so it is built without what they are linked with.
TMPLC := $(B)/tmplc
$(TMPLC): $(addprefix dashd/templates/,main.c tmplc.c tmplc.h) $(B)/flags
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(filter %.c,$^)

$(B)/gen/dashd/templates/%.c: dashd/templates/%.html $(TMPLC)
	$(Q_GEN)
	@mkdir -p $(@D)
	$(Q)$(TMPLC) $< $@

$(B)/obj/gen/dashd/templates/%.o: $(B)/gen/dashd/templates/%.c $(B)/flags
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

.SECONDARY: $(DASHD_TEMPLATES:dashd/templates/%.html=$(B)/gen/dashd/templates/%.c)

# Browsers get no comments and no indentation.
$(B)/gen/static/%: dashd/static/%
	$(Q_GEN)
	@mkdir -p $(@D)
	$(Q)sed -e 's,^ *,,' -e 's,/\*[^*]*\*/,,g' -e '/^\/\//d' -e '/^$$/d' $< >$@

# gcc does not see what .incbin reads.
$(B)/obj/dashd/assets.o: dashd/static/icon.svg dashd/static/openapi.json $(addprefix $(B)/gen/static/,corral.css corral.js)
$(B)/obj/dashd/grouping/rulenotes.o: etc/grouping.rules

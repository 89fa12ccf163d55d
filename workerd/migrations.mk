# SPDX-License-Identifier: Apache-2.0
# sql/NNNN_name.sql become one C file, so that corral-workerd --migrate needs nothing but itself.
MIGRATIONS := $(sort $(wildcard sql/[0-9][0-9][0-9][0-9]_*.sql))

$(B)/gen/migrations.c: $(MIGRATIONS) workerd/migrations.awk workerd/migrations.mk
	$(Q_GEN)
	@mkdir -p $(@D)
	$(Q)awk -f workerd/migrations.awk $(MIGRATIONS) > $@.new && mv $@.new $@

$(B)/obj/gen/migrations.o: $(B)/gen/migrations.c $(B)/flags
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

corral-workerd-daemon_EXTRA := $(B)/obj/gen/migrations.o

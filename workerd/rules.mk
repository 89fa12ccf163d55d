# SPDX-License-Identifier: Apache-2.0
# etc/grouping.rules becomes one C file, so that corral-workerd groups with nothing but itself.
$(B)/gen/grouping_rules.c: etc/grouping.rules workerd/rules.awk workerd/rules.mk
	$(Q_GEN)
	@mkdir -p $(@D)
	$(Q)awk -f workerd/rules.awk etc/grouping.rules > $@.new && mv $@.new $@

$(B)/obj/gen/grouping_rules.o: $(B)/gen/grouping_rules.c $(B)/flags
	$(Q_CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

corral-workerd-daemon_EXTRA += $(B)/obj/gen/grouping_rules.o

# SPDX-License-Identifier: Apache-2.0
# etc/grouping.rules to one C string: workerd/grouping/ruleset.h.
BEGIN {
    print "/* Made from etc/grouping.rules by workerd/rules.awk. */"
    print "#include \"workerd/grouping/ruleset.h\"\n"
    print "const char grouping_rules_text[] ="
}
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    gsub(/\?/, "\\?") # no trigraphs
    print "    \"" $0 "\\n\""
}
END {
    print "    ;"
}

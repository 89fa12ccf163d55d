# SPDX-License-Identifier: Apache-2.0
# SQL files to the table of workerd/migrate.h: each line a C string.
BEGIN {
    print "/* Made from sql/ by workerd/migrations.awk. */"
    print "#include \"workerd/migrate.h\"\n"
    print "const struct migration migrations[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    name = FILENAME
    gsub(/^.*\/|\.sql$/, "", name)
    printf "    {\n        %d, \"%s\",\n", substr(name, 1, 4), name
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    print "        \"" $0 "\\n\""
}
END {
    print "    },\n};"
    print "const size_t n_migrations = sizeof(migrations) / sizeof(migrations[0]);"
}

/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/variables workerd/unwind workerd/analysis workerd/indexer workerd/image
 * workerd/index */
/* Global variables of libraries that the compilers at hand make, loaded into this process: its own
 * memory is the dump. What is expected is what gdb 13 prints of the same variables (`info
 * variables`, `whatis`), with addresses as "0x…". */
#include "workerd/variables/print.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"
#include "workerd/variables/secret.h"
#include "tests/lib/unit.h"
#include "tests/unit/debug_file.h"

#define MEMORY_MAX  (64u << 20)
#define COMMAND_MAX 512
#define PATH_MAX_   64

struct expected {
    const char *name, *type, *value;
};

/* --- This process as a dump --- */

static ssize_t read_own(const void *source, uint64_t address, void *p, size_t n)
{
    struct iovec to = {p, n}, from = {(void *)(uintptr_t)address, n};
    ssize_t r = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

    (void)source;
    return r < 0 ? 0 : r;
}

static bool any_range(const void *source, uint64_t address, struct image_range *ret)
{
    (void)source;
    if (address < IMAGE_PAGE || address >= UINT64_C(1) << 48)
        return false;
    *ret = (struct image_range){.start = IMAGE_PAGE, .end = UINT64_C(1) << 48};
    return true;
}

static const struct image_reader own_memory = {.read = read_own, .range = any_range};

static ssize_t read_nothing(const void *source, uint64_t address, void *p, size_t n)
{
    (void)source;
    (void)address;
    (void)p;
    (void)n;
    return 0;
}

static const struct image_reader no_memory = {.read = read_nothing, .range = any_range};

#if defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_X86_64
#endif

/* --- A library --- */

struct library {
    char folder[PATH_MAX_];
    void *handle;
    struct span file;
    struct arena arena;
    struct memory_budget budget;
    struct image image;
    struct registers registers;
    struct frame_view frame;
    struct debug *debug;
    struct entry unit;
};

/* As soon as the library is loaded: a test that fails does not come back. */
static void remove_folder(struct library *l)
{
    char command[COMMAND_MAX];

    snprintf(command, sizeof command, "rm -rf %s", l->folder);
    ck_assert_int_eq(system(command), 0);
}

static void library_fini(struct library *l)
{
    debug_close(l->debug);
    if (l->handle)
        dlclose(l->handle);
    if (l->file.size > 0)
        munmap((void *)(uintptr_t)l->file.data, l->file.size);
    arena_fini(&l->arena);
}
#define _library_ _cleanup_(library_fini)

static bool has_program(const char *name)
{
    char command[COMMAND_MAX];

    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    return system(command) == 0;
}

static struct span map_file(const char *path)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    ck_assert(fd >= 0 && fstat(fd, &st) == 0);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

    ck_assert_ptr_ne(p, MAP_FAILED);
    return (struct span){p, (size_t)st.st_size};
}

static void map_library(struct library *l, const char *path)
{
    l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    l->file = map_file(path);
}

static void look_into(struct library *l)
{
    Dl_info info;

    ck_assert_msg(l->handle != NULL, "%s", dlerror());
    void *anchor = dlsym(l->handle, "anchor");

    ck_assert(anchor && dladdr(anchor, &info) != 0);
    l->image = (struct image){
        .arena = &l->arena, .layout = core_layout_find(MACHINE, true), .reader = &own_memory};
    l->budget.left = MEMORY_MAX;
    l->debug = debug_open(&(struct debug_files){.module = l->file}, &l->budget, &l->arena);
    ck_assert_ptr_nonnull(l->debug);
    l->frame = (struct frame_view){.image = &l->image,
                                   .registers = &l->registers,
                                   .address = (uintptr_t)anchor,
                                   .pc = (uintptr_t)anchor,
                                   .bias = (uintptr_t)info.dli_fbase,
                                   .debug = l->debug};
    ck_assert(debug_unit_of(l->debug, l->frame.address - l->frame.bias, &l->unit));
}

/* `compiler` is a command before the names of source and library. False when it is not there. */
static bool library_make(struct library *l, const char *compiler, const char *suffix,
                         const char *source)
{
    char program[PATH_MAX_], in[2 * PATH_MAX_], out[2 * PATH_MAX_], command[COMMAND_MAX];

    memset(l, 0, sizeof *l);
    snprintf(program, sizeof program, "%.*s", (int)strcspn(compiler, " "), compiler);
    if (!has_program(program)) {
        printf("# SKIP %s is not here\n", program);
        return false;
    }
    strcpy(l->folder, "/tmp/corral-print-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(l->folder));
    snprintf(in, sizeof in, "%s/of.%s", l->folder, suffix);
    snprintf(out, sizeof out, "%s/of.so", l->folder);
    _cleanup_fd_ int fd = open(in, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_eq(io_write(fd, source, strlen(source)), 0);
    snprintf(command, sizeof command, "%s %s -o %s >/dev/null 2>&1", compiler, in, out);
    bool made = system(command) == 0;

    if (made)
        map_library(l, out);
    else
        printf("# SKIP %s does not make it\n", compiler);
    remove_folder(l);
    if (made)
        look_into(l);
    return made;
}

static bool find_variable(const struct entry *in, const char *name, struct entry *ret)
{
    struct entry c;

    for (bool more = entry_child(in, &c); more; more = entry_sibling(&c)) {
        const char *text = entry_text(&c, SLOT_NAME);

        if (entry_tag(&c) == DW_TAG_namespace && find_variable(&c, name, ret))
            return true;
        if (entry_tag(&c) != DW_TAG_variable || !text || strcmp(text, name) != 0 ||
            !die_value(&c.die, SLOT_TYPE))
            continue;
        *ret = c;
        return true;
    }
    return false;
}

/* Addresses differ from run to run. */
static const char *masked(const char *text, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(2 * PRINT_VALUE_MAX);

    for (const char *p = text; p && *p;) {
        size_t digits = strncmp(p, "0x", 2) == 0 ? strspn(p + 2, "0123456789abcdef") : 0;

        if (digits > 6 && !(p - text >= 4 && strncmp(p - 4, "nan(", 4) == 0)) {
            buf_adds(&b, "0x…");
            p += 2 + digits;
        } else {
            buf_addc(&b, *p++);
        }
    }
    return text ? arena_strdup(a, buf_text(&b)) : NULL;
}

static const char *value_of(struct library *l, const struct entry *variable)
{
    const char *why = NULL, *value;
    struct place place;

    place_of_variable(&l->frame, variable, variable, &l->arena, &place);
    ck_assert_msg(!place.problem, "%s", place.problem);
    value = print_value(variable, &place, &l->arena, &why);
    ck_assert(!value == !!why);
    return masked(value ? value : why, &l->arena);
}

static void compare(struct library *l, const char *compiler, const struct expected *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct entry variable;

        ck_assert_msg(find_variable(&l->unit, e[i].name, &variable), "%s: %s", compiler, e[i].name);
        const char *type = print_type(&variable, &l->arena), *value = value_of(l, &variable);

        ck_assert_msg(strcmp(type, e[i].type) == 0, "%s: %s is a %s, not a %s", compiler, e[i].name,
                      type, e[i].type);
        ck_assert_msg(strcmp(value, e[i].value) == 0, "%s: %s = %s, not %s", compiler, e[i].name,
                      value, e[i].value);
    }
}

/* --- C --- */

static const char c_source[] =
    "#include <stddef.h>\n"
    "#include <stdint.h>\n"
    "#include <math.h>\n"
    "void anchor(void) {}\n"
    "int callback(int a, char b) { return a + b; }\n"
    "int i = -5; unsigned char uc = 'a'; signed char sc = -61; char nl = '\\n', quote = '\\'',\n"
    "    zero, esc = 27; _Bool yes = 1; unsigned long ul = -1; long long ll = -3;\n"
    "unsigned short us = 65535; __int128 big = ((__int128)1 << 100) + 7;\n"
    "unsigned __int128 ubig = ((unsigned __int128)1 << 127) + 5;\n"
    "float f = 3.14f; double d = 1.0 / 3, inf = -INFINITY, nan_ = NAN; long double ld = 3.14L;\n"
    "float _Complex cf = 1;\n"
    "enum color { RED, GREEN = 5 } color = GREEN, no_color = 7;\n"
    "enum flag { FA = 1, FB = 2, FC = 4 } fab = 3, fa8 = 9, f8 = 8, f0 = 0;\n"
    "enum many { MA = 1, MB = 2, MC = 12 } m13 = 13; enum { NEGATIVE = -2 } negative = -3;\n"
    "struct point { int x, y; } point = {1, 2}, points[2] = {{1, 2}, {3, 4}}, *pp = &point;\n"
    "const struct point *cpp = &point; typedef struct { int a; } defined; defined td = {3};\n"
    "struct node { struct node *next; int v; } node; struct unknown *unknown;\n"
    "union both { int i; float f; } both = {65};\n"
    "struct bits { unsigned a : 3; int b : 5; _Bool c : 1; char ch : 4; enum flag e : 3;\n"
    "              unsigned long l : 40; unsigned __int128 w : 127; }\n"
    "bits = {5, -3, 1, 3, FB, 1099511627775ul, ((unsigned __int128)1 << 126) + 5};\n"
    "struct { int a; union { int b; float c; }; struct { int x, y; } s; } an = {1, {2}, {3, 4}};\n"
    "struct empty {} nothing;\n"
    "int a10[10], a11[11], a3[3] = {1, 2, 3}, m[2][3] = {{1, 2, 3}, {4, 5, 6}};\n"
    "int rep[40] = {1, 2}; int large[1000];\n"
    "char b8[8] = \"abc\", b256[256] = \"abc\", full[3] = {'a', 'b', 'c'}, none[1];\n"
    "char utf[] = \"h\\303\\251llo\", bad[] = \"a\\377\\3011\", hidden[] = \"\\342\\200\\256x\";\n"
    "char mixed[64] = \"aaaaaaaaaaaaaaaaaaaabcdbbbbbbbbbbbbbbbbbb\"; char two[2][3] = {\"ab\"};\n"
    "const char *text = \"l\\n\\\"q\\\" \\\\ \\001\"; char *null, *wild = (char *)16;\n"
    "const char *const texts[] = {\"a\", \"b\"};\n"
    "const char *long_ = "
    "\"0123456789012345678901234567890123456789012345678901234567890123456789\"\n"
    "\"0123456789012345678901234567890123456789012345678901234567890123456789\"\n"
    "\"0123456789012345678901234567890123456789012345678901234567890123456789\";\n"
    "wchar_t wc = L'a'; const wchar_t *ws = L\"wide \\xe9\"; wchar_t wa[4] = L\"ab\";\n"
    "int (*fp)(int, char) = callback; int (*(*fpp)(int))(char); void (*vf)(const char *, ...);\n"
    "void (*none_)(void); int (*fps[2])(int, char) = {callback}; struct point (*parr)[2] = "
    "&points;\n"
    "void *vp = &point; char *const cp = b8; const int ci = 3; volatile int vi = 2;\n"
    "_Atomic int at = 4; struct flex { int n; char data[]; } flex = {3, \"abc\"};\n"
    "int *const volatile cvp; char *restrict rp; unsigned long *pul; size_t sz = 8;\n"
    "int8_t i8 = -1; struct { int n; int none[0]; } zero_array = {1};\n"
    "struct login { const char *user, *api_token; char dbPassword[8]; int password_length; void "
    "*pin; };\n"
    "struct login login = {\"bob\", \"t0ps3cret\", \"hunter2\", 7, 0}; \n"
    "struct { struct { char text[4]; } secret; union { char pwd[4]; int n; }; char *password_file; "
    "} "
    "deep = {{\"abc\"}, {\"def\"}, \"/etc/pw\"};\n";

static const struct expected in_c[] = {
    {"i", "int", "-5"},
    {"uc", "unsigned char", "97 'a'"},
    {"sc", "signed char", "-61 '\\303'"},
    {"nl", "char", "10 '\\n'"},
    {"quote", "char", "39 '\\''"},
    {"zero", "char", "0 '\\000'"},
    {"esc", "char", "27 '\\033'"},
    {"yes", "_Bool", "true"},
    {"ul", "unsigned long", "18446744073709551615"},
    {"ll", "long long", "-3"},
    {"us", "unsigned short", "65535"},
    {"big", "__int128", "1267650600228229401496703205383"},
    {"f", "float", "3.1400001"},
    {"d", "double", "0.33333333333333331"},
    {"inf", "double", "-inf"},
    {"nan_", "double", "nan(0x8000000000000)"},
    {"color", "enum color", "GREEN"},
    {"no_color", "enum color", "7"},
    {"fab", "enum flag", "(FA | FB)"},
    {"fa8", "enum flag", "(FA | unknown: 0x8)"},
    {"f8", "enum flag", "(unknown: 0x8)"},
    {"f0", "enum flag", "0"},
    {"m13", "enum many", "13"},
    {"negative", "enum {...}", "-3"},
    {"point", "struct point", "{x = 1, y = 2}"},
    {"points", "struct point [2]", "{{x = 1, y = 2}, {x = 3, y = 4}}"},
    {"pp", "struct point *", "0x…"},
    {"cpp", "const struct point *", "0x…"},
    {"td", "defined", "{a = 3}"},
    {"node", "struct node", "{next = 0x0, v = 0}"},
    {"unknown", "struct unknown *", "0x0"},
    {"both", "union both", "{i = 65, f = 9.10844002e-44}"},
    {"bits", "struct bits",
     "{a = 5, b = -3, c = true, ch = 3 '\\003', e = FB, l = 1099511627775, "
     "w = 85070591730234615865843651857942052869}"},
    {"an", "struct {...}", "{a = 1, {b = 2, c = 2.80259693e-45}, s = {x = 3, y = 4}}"},
    {"nothing", "struct empty", "{<No data fields>}"},
    {"a10", "int [10]", "{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}"},
    {"a11", "int [11]", "{0 <repeats 11 times>}"},
    {"a3", "int [3]", "{1, 2, 3}"},
    {"m", "int [2][3]", "{{1, 2, 3}, {4, 5, 6}}"},
    {"rep", "int [40]", "{1, 2, 0 <repeats 38 times>}"},
    {"large", "int [1000]", "{0 <repeats 1000 times>}"},
    {"b8", "char [8]", "\"abc\\000\\000\\000\\000\""},
    {"b256", "char [256]", "\"abc\", '\\000' <repeats 252 times>"},
    {"full", "char [3]", "\"abc\""},
    {"none", "char [1]", "\"\""},
    {"utf", "char [7]", "\"héllo\""},
    {"bad", "char [5]", "\"a\\377\\3011\""},
    {"hidden", "char [5]", "\"\\342\\200\\256x\""}, /* gdb prints it, and what is behind turns */
    {"mixed", "char [64]",
     "'a' <repeats 20 times>, \"bcd\", 'b' <repeats 18 times>, '\\000' <repeats 22 times>"},
    {"two", "char [2][3]", "{\"ab\", \"\\000\\000\"}"},
    {"text", "const char *", "0x… \"l\\n\\\"q\\\" \\\\ \\001\""},
    {"null", "char *", "0x0"},
    {"wild", "char *", "0x10 <error: Cannot access memory at address 0x10>"},
    {"texts", "const char * const[2]", "{0x… \"a\", 0x… \"b\"}"},
    {"long_", "const char *",
     "0x… \"0123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456789012345678901234567890123456789\"..."},
    {"wc", "wchar_t", "97 L'a'"},
    {"ws", "const wchar_t *", "0x… L\"wide é\""},
    {"wa", "wchar_t [4]", "L\"ab\\000\""},
    {"fp", "int (*)(int, char)", "0x…"},
    {"fpp", "int (*(*)(int))(char)", "0x0"},
    {"vf", "void (*)(const char *, ...)", "0x0"},
    {"none_", "void (*)(void)", "0x0"},
    {"fps", "int (*[2])(int, char)", "{0x…, 0x0}"},
    {"parr", "struct point (*)[2]", "0x…"},
    {"vp", "void *", "0x…"},
    {"cp", "char * const", "0x… \"abc\""},
    {"ci", "const int", "3"},
    {"vi", "volatile int", "2"},
    {"flex", "struct flex", "{n = 3, data = 0x… \"abc\"}"},
    {"cvp", "int * const volatile", "0x0"},
    {"pul", "unsigned long *", "0x0"},
    {"sz", "size_t", "8"},
    {"i8", "int8_t", "-1 '\\377'"},
    {"zero_array", "struct {...}", "{n = 1, none = 0x…}"},
    /* These gdb shows. */
    {"login", "struct login",
     "{user = 0x… \"bob\", api_token = <" SECRET_WHY ">, dbPassword = <" SECRET_WHY
     ">, password_length = 7, pin = 0x0}"},
    {"deep", "struct {...}",
     "{secret = <" SECRET_WHY ">, {pwd = <" SECRET_WHY
     ">, n = 6710628}, password_file = 0x… \"/etc/pw\"}"},
};

/* DWARF 4 has no such type. */
static const struct expected atomic_in_c = {"at", "_Atomic int", "4"};

static const char *const c_compilers[] = {
    "gcc -w -shared -fPIC -O0 -gdwarf-5",
    "gcc -w -shared -fPIC -O0 -gdwarf-4 -fdebug-types-section",
    "gcc -w -shared -fPIC -O0 -gdwarf-2",
    "clang -w -shared -fPIC -O0 -gdwarf-5",
    "clang -w -shared -fPIC -O0 -gdwarf-4",
};

START_TEST(variables_of_c_print_as_in_gdb)
{
    _library_ struct library l;

    if (!library_make(&l, c_compilers[_i], "c", c_source))
        return;
    compare(&l, c_compilers[_i], in_c, ARRAY_SIZE(in_c));
    if (strstr(c_compilers[_i], "dwarf-5"))
        compare(&l, c_compilers[_i], &atomic_in_c, 1);
}
END_TEST

/* --- C++ --- */

static const char cxx_source[] =
    "#include <string>\n"
    "extern \"C\" void anchor() {}\n"
    "namespace ns {\n"
    "enum Plain { RED, GREEN = 5 }; enum class Scoped : unsigned char { A, B };\n"
    "struct Inner { enum E { X, Y }; int v; };\n"
    "template <class T> struct Box { T t; unsigned long n; };\n"
    "namespace { struct Hidden { int h; }; }\n"
    "}\n"
    "ns::Plain plain = ns::GREEN; ns::Scoped scoped = ns::Scoped::B, odd = (ns::Scoped)9;\n"
    "ns::Inner::E inner = ns::Inner::Y; ns::Box<unsigned long> box = {1, 2};\n"
    "ns::Hidden hidden = {4}; void *use() { return &hidden; } void *use2(); bool yes = true; "
    "char16_t c16 = "
    "u'\\u00e9'; char32_t c32 = U'a';\n"
    "const char16_t *s16 = u\"abc\"; wchar_t wc = L'x';\n"
    "struct Empty {}; struct Base { int b = 1; virtual ~Base() {} virtual void f() {} };\n"
    "int i = 5;\n"
    "struct Derived : Base, Empty { int d = 2; static int st; static const int cst = 5; int &r;\n"
    "                               Derived() : r(i) {} };\n"
    "int Derived::st = 77; Derived derived; Derived &ref = derived; struct Only : Base {} only;\n"
    "struct VB { int vb = 9; virtual ~VB() {} }; struct D1 : virtual VB { int d1 = 1; };\n"
    "struct D2 : virtual VB { int d2 = 2; }; struct DD : D1, D2 { int dd = 3; } dd;\n"
    "int &ri = i; int &&rr = 6; int Derived::*dm = &Derived::d, Derived::*dn = nullptr;\n"
    "void (Base::*mf)() = nullptr; Empty empty; int callback(int, char) { return 0; }\n"
    "int (&fr)(int, char) = callback; struct { int k; } anonymous = {4}; void *use2() { return "
    "&anonymous; }\n"
    "std::string s = \"hello\", se, sl(300, 'y'), arr[2] = {\"a\", \"b\"}; const std::string &sr = "
    "s;\n"
    "struct Holder { std::string name; int n; } holder = {\"x\\ny\", 3};\n"
    "struct Loose { Derived *p; Derived &r; } loose = {&derived, derived};\n";

static const struct expected in_cxx[] = {
    {"plain", "ns::Plain", "ns::GREEN"},
    {"scoped", "ns::Scoped", "ns::Scoped::B"},
    {"odd", "ns::Scoped", "(ns::Scoped::B | unknown: 0x8)"},
    {"inner", "ns::Inner::E", "ns::Inner::Y"},
    {"box", "ns::Box<unsigned long>", "{t = 1, n = 2}"},
    {"hidden", "ns::(anonymous namespace)::Hidden", "{h = 4}"},
    {"yes", "bool", "true"},
    {"c16", "char16_t", "233 u'é'"},
    {"c32", "char32_t", "97 U'a'"},
    {"s16", "const char16_t *", "0x… u\"abc\""},
    {"wc", "wchar_t", "120 L'x'"},
    {"ri", "int &", "@0x…: 5"},
    {"rr", "int &&", "@0x…: 6"},
    {"dm", "int Derived::*", "&Derived::d"},
    {"dn", "int Derived::*", "NULL"},
    {"mf", "void (Base::*)(Base * const)", "NULL"},
    {"empty", "Empty", "{<No data fields>}"},
    {"fr", "int (&)(int, char)", "@0x…: {int (int, char)} 0x…"},
    {"anonymous", "struct {...}", "{k = 4}"},
    {"s", "std::string", "\"hello\""},
    {"se", "std::string", "\"\""},
    {"sl", "std::string", "'y' <repeats 200 times>..."},
    {"arr", "std::string [2]", "{\"a\", \"b\"}"},
    {"sr", "const std::string &", "\"hello\""},
    {"holder", "Holder", "{name = \"x\\ny\", n = 3}"},
    {"loose", "Loose", "{p = 0x…, r = @0x…}"},
};

/* The pointer to the table of virtual functions has a name of the compiler's, with a character of
 * its own: `~` here. */
static const struct expected with_tables[] = {
    {"derived", "Derived",
     "{<Base> = {_vptr~Base = 0x…, b = 1}, <Empty> = {<No data fields>}, d = 2, static st = 77, "
     "static cst = 5, r = @0x…}"},
    {"ref", "Derived &",
     "@0x…: {<Base> = {_vptr~Base = 0x…, b = 1}, <Empty> = {<No data fields>}, d = 2, "
     "static st = 77, static cst = 5, r = @0x…}"},
    {"only", "Only", "{<Base> = {_vptr~Base = 0x…, b = 1}, <No data fields>}"},
    {"dd", "DD",
     "{<D1> = {<VB> = {_vptr~VB = 0x…, vb = 9}, _vptr~D1 = 0x…, d1 = 1}, "
     "<D2> = {_vptr~D2 = 0x…, d2 = 2}, dd = 3}"},
};

static const char *const cxx_compilers[] = {
    "g++ -w -std=c++17 -shared -fPIC -O0 -gdwarf-5",
    "g++ -w -std=c++17 -shared -fPIC -O0 -gdwarf-4",
    "clang++ -w -std=c++17 -shared -fPIC -O0 -gdwarf-5",
    "clang++ -w -std=c++17 -shared -fPIC -O0 -gdwarf-4",
};

static void compare_with_tables(struct library *l, const char *compiler)
{
    char mark = compiler[0] == 'c' ? '$' : '.';

    for (size_t i = 0; i < ARRAY_SIZE(with_tables); i++) {
        struct expected e = with_tables[i];
        char *value = arena_strdup(&l->arena, e.value);

        for (char *p = value; *p; p++)
            *p = *p == '~' ? mark : *p;
        e.value = value;
        compare(l, compiler, &e, 1);
    }
}

START_TEST(variables_of_cxx_print_as_in_gdb)
{
    _library_ struct library l;

    if (!library_make(&l, cxx_compilers[_i], "cc", cxx_source))
        return;
    compare(&l, cxx_compilers[_i], in_cxx, ARRAY_SIZE(in_cxx));
    compare_with_tables(&l, cxx_compilers[_i]);
}
END_TEST

/* --- Rust --- */

static const char rust_source[] =
    "#![allow(dead_code, private_interfaces)]\n"
    "#[no_mangle] pub extern \"C\" fn anchor() {}\n"
    "pub struct Point { x: i32, y: i32 } pub struct Unit; pub struct Pair(i32, f64);\n"
    "pub enum Shape { Empty, Circle(f64), Rect { w: i32, h: i32 }, At(Point) }\n"
    "#[derive(Clone, Copy)] pub enum Color { Red, Green = 7 }\n"
    "#[repr(C)] pub union Both { a: u32, b: f32 }\n"
    "#[no_mangle] pub static I: i32 = -5; #[no_mangle] pub static U: u8 = 65;\n"
    "#[no_mangle] pub static C: char = 'a'; #[no_mangle] pub static E: char = '\\u{e9}';\n"
    "#[no_mangle] pub static W: char = '\\u{1f600}'; #[no_mangle] pub static B: bool = true;\n"
    "#[no_mangle] pub static F: f32 = 1.5; #[no_mangle] pub static BIG: i128 = -7;\n"
    "#[no_mangle] pub static TEXT: &str = \"h\\u{e9}llo\\n\"; #[no_mangle] pub static NO: &str = "
    "\"\";\n"
    "#[no_mangle] pub static TUPLE: (i32, f64, char) = (1, 2.5, 'x');\n"
    "#[no_mangle] pub static POINT: Point = Point { x: 1, y: 2 };\n"
    "pub struct Login { user: &'static str, password: &'static str, tokens: u32 }\n"
    "#[no_mangle] pub static LOGIN: Login = Login { user: \"bob\", password: \"hunter2\", tokens: "
    "3 };\n"
    "#[no_mangle] pub static PAIR: Pair = Pair(1, 2.0);\n"
    "#[no_mangle] pub static SOME: Option<i32> = Some(5);\n"
    "#[no_mangle] pub static NONE: Option<i32> = None;\n"
    "#[no_mangle] pub static REF: Option<&'static i32> = Some(&3);\n"
    "#[no_mangle] pub static NOREF: Option<&'static i32> = None;\n"
    "#[no_mangle] pub static DEEP: Option<Option<bool>> = Some(Some(true));\n"
    "#[no_mangle] pub static S1: Shape = Shape::Empty;\n"
    "#[no_mangle] pub static S2: Shape = Shape::Circle(1.5);\n"
    "#[no_mangle] pub static S3: Shape = Shape::Rect { w: 1, h: 2 };\n"
    "#[no_mangle] pub static S4: Shape = Shape::At(Point { x: 1, y: 2 });\n"
    "#[no_mangle] pub static COLOR: Color = Color::Green;\n"
    "#[no_mangle] pub static ARRAY: [i32; 3] = [1, 2, 3];\n"
    "#[no_mangle] pub static ZEROS: [u8; 40] = [0; 40];\n"
    "#[no_mangle] pub static CHARS: [char; 2] = ['a', 'b'];\n"
    "#[no_mangle] pub static SLICE: &[i32] = &[1, 2];\n"
    "#[no_mangle] pub static BYTES: &[u8; 5] = b\"bytes\";\n"
    "#[no_mangle] pub static EITHER: Both = Both { a: 1 };\n"
    "#[no_mangle] pub static STRING: String = String::new();\n"
    "#[no_mangle] pub static POINTER: &Point = &POINT;\n";

static const struct expected in_rust[] = {
    /* This gdb shows. */
    {"LOGIN", "of::Login", "of::Login {user: \"bob\", password: <" SECRET_WHY ">, tokens: 3}"},
    {"I", "i32", "-5"},
    {"U", "u8", "65"},
    {"C", "char", "97 'a'"},
    {"E", "char", "233 '\\xe9'"},
    {"W", "char", "128512 '\\u{01f600}'"},
    {"B", "bool", "true"},
    {"F", "f32", "1.5"},
    {"BIG", "i128", "-7"},
    {"TEXT", "&str", "\"héllo\\n\""},
    {"NO", "&str", "\"\""},
    {"TUPLE", "(i32, f64, char)", "(1, 2.5, 120 'x')"},
    {"POINT", "of::Point", "of::Point {x: 1, y: 2}"},
    {"PAIR", "of::Pair", "of::Pair (1, 2)"},
    {"SOME", "core::option::Option<i32>", "core::option::Option<i32>::Some(5)"},
    {"NONE", "core::option::Option<i32>", "core::option::Option<i32>::None"},
    {"REF", "core::option::Option<&i32>", "core::option::Option<&i32>::Some(0x…)"},
    {"NOREF", "core::option::Option<&i32>", "core::option::Option<&i32>::None"},
    {"DEEP", "core::option::Option<core::option::Option<bool>>",
     "core::option::Option<core::option::Option<bool>>::Some(core::option::Option<bool>::Some("
     "true))"},
    {"S1", "of::Shape", "of::Shape::Empty"},
    {"S2", "of::Shape", "of::Shape::Circle(1.5)"},
    {"S3", "of::Shape", "of::Shape::Rect{w: 1, h: 2}"},
    {"S4", "of::Shape", "of::Shape::At(of::Point {x: 1, y: 2})"},
    {"COLOR", "of::Color", "of::Color::Green"},
    {"ARRAY", "[i32; 3]", "[1, 2, 3]"},
    {"ZEROS", "[u8; 40]", "[0 <repeats 40 times>]"},
    {"CHARS", "[char; 2]", "[97 'a', 98 'b']"},
    {"SLICE", "&[i32]", "&[i32] [1, 2]"},
    {"BYTES", "&[u8; 5]", "0x… b\"bytes\""},
    {"EITHER", "of::Both", "of::Both {a: 1, b: 1.40129846e-45}"},
    {"STRING", "alloc::string::String", "\"\""},
    {"POINTER", "&of::Point", "0x…"},
};

static const char *const rust_compilers[] = {
    "rustc -g -C codegen-units=1 --crate-type cdylib",
    "rustc -g -C codegen-units=1 -C dwarf-version=5 --crate-type cdylib",
};

START_TEST(variables_of_rust_print_as_in_gdb)
{
    _library_ struct library l;

    if (library_make(&l, rust_compilers[_i], "rs", rust_source))
        compare(&l, rust_compilers[_i], in_rust, ARRAY_SIZE(in_rust));
}
END_TEST

/* --- Places --- */

static const char *print_at(struct library *l, const char *name, struct place_piece *pieces,
                            size_t n)
{
    struct place place = {.frame = &l->frame, .pieces = pieces, .n = n};
    const char *why = NULL, *value;
    struct entry variable;

    ck_assert(find_variable(&l->unit, name, &variable));
    value = print_value(&variable, &place, &l->arena, &why);
    ck_assert(!value == !!why);
    return value ? value : arena_printf(&l->arena, "no: %s", why);
}

START_TEST(what_cannot_be_read_says_why_in_its_place)
{
    struct place_piece half[] = {{.kind = PLACE_VALUE, .bits = 32, .number = 7},
                                 {.kind = PLACE_NOWHERE, .bits = 32}};
    struct place_piece nowhere = {.kind = PLACE_NOWHERE};
    struct place_piece away = {.kind = PLACE_MEMORY, .address = 16};
    struct place_piece pointer = {.kind = PLACE_POINTER};
    _library_ struct library l;

    if (!library_make(&l, c_compilers[0], "c", c_source))
        return;
    ck_assert_str_eq(print_at(&l, "point", half, 2), "{x = 7, y = <optimized out>}");
    ck_assert_str_eq(print_at(&l, "points", half, 2),
                     "{{x = 7, y = <optimized out>}, <optimized out>}");
    ck_assert_str_eq(print_at(&l, "point", &nowhere, 1), "no: optimized out");
    ck_assert_str_eq(print_at(&l, "i", &nowhere, 1), "no: optimized out");
    ck_assert_str_eq(print_at(&l, "rep", &nowhere, 1), "no: optimized out");
    ck_assert_str_eq(print_at(&l, "an", &away, 1), "no: not in the core");
    ck_assert_str_eq(print_at(&l, "b8", &away, 1), "no: not in the core");
    ck_assert_str_eq(print_at(&l, "pp", &pointer, 1), "<synthetic pointer>");
}
END_TEST

START_TEST(constants_print_without_a_place)
{
    struct place_piece minus = {.kind = PLACE_VALUE, .number = (uint64_t)-3};
    struct place_piece bytes = {.kind = PLACE_BYTES, .bytes = {(const uint8_t *)"abcdefg", 8}};
    _library_ struct library l;

    if (!library_make(&l, c_compilers[0], "c", c_source))
        return;
    ck_assert_str_eq(print_at(&l, "i", &minus, 1), "-3");
    ck_assert_str_eq(print_at(&l, "us", &minus, 1), "65533");
    ck_assert_str_eq(print_at(&l, "big", &minus, 1), "-3");
    ck_assert_str_eq(print_at(&l, "b8", &bytes, 1), "\"abcdefg\"");
}
END_TEST

/* The text is the core's to lack. */
START_TEST(a_string_whose_text_is_missing_shows_its_members)
{
    uint64_t words[4] = {16, 5, 0, 0};
    struct place_piece made = {.kind = PLACE_BYTES,
                               .bytes = {(const uint8_t *)words, sizeof words}};
    _library_ struct library l;

    if (!library_make(&l, cxx_compilers[0], "cc", cxx_source))
        return;
    ck_assert_msg(cstr_starts(print_at(&l, "s", &made, 1), "{_M_dataplus = "), "%s",
                  print_at(&l, "s", &made, 1));
    words[1] = 0;
    ck_assert_str_eq(print_at(&l, "s", &made, 1), "\"\"");
}
END_TEST

static bool name_it(void *arg, uint64_t address, struct arena *a, const char **ret,
                    uint64_t *ret_offset)
{
    (void)arg;
    *ret = arena_strdup(a, "something");
    *ret_offset = address & 0xf;
    return address != 0x20;
}

START_TEST(addresses_have_names_when_somebody_knows_them)
{
    const struct print_symbols symbols = {.name = name_it};
    const char *const expected[] = {"0x30 <something>", "0x34 <something+4>", "0x20", "0x0"};
    const uint64_t addresses[] = {0x30, 0x34, 0x20, 0};
    struct entry variable;
    const char *why;
    _library_ struct library l;

    if (!library_make(&l, c_compilers[0], "c", c_source))
        return;
    ck_assert(find_variable(&l.unit, "fp", &variable));
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        struct place_piece piece = {.kind = PLACE_VALUE, .number = addresses[i]};
        struct place place = {.frame = &l.frame, .pieces = &piece, .n = 1};

        ck_assert_str_eq(print_value_with(&variable, &place, &symbols, &l.arena, &why),
                         expected[i]);
    }
}
END_TEST

/* --- Hostile types --- */

enum {
    BAD_TYPEDEF = 100,
    BAD_STRUCT,
    BAD_MEMBER,
    BAD_ARRAY,
    BAD_RANGE,
    BAD_POINTER,
    BAD_BASE,
    BAD_FUNCTION,
    BAD_ARGUMENT,
    BAD_LENGTH,
    RUN_RANGE,
    RUN_COUNT,
    RUN_REFERENCE,
};

#define REF DW_AT_type, DW_FORM_ref4

static void add_bad_abbrevs(struct made *m)
{
    m->abbrev.len--; /* the end of the table */
    MADE_ABBREV(m, BAD_TYPEDEF, DW_TAG_typedef, false, REF);
    MADE_ABBREV(m, BAD_STRUCT, DW_TAG_structure_type, true, DW_AT_byte_size, DW_FORM_data8);
    MADE_ABBREV(m, BAD_MEMBER, DW_TAG_member, false, DW_AT_name, DW_FORM_string, REF,
                DW_AT_data_member_location, DW_FORM_data8);
    MADE_ABBREV(m, BAD_ARRAY, DW_TAG_array_type, true, REF);
    MADE_ABBREV(m, BAD_RANGE, DW_TAG_subrange_type, false, DW_AT_upper_bound, DW_FORM_data8);
    MADE_ABBREV(m, BAD_POINTER, DW_TAG_pointer_type, false, REF);
    MADE_ABBREV(m, BAD_BASE, DW_TAG_inheritance, false, REF, DW_AT_data_member_location,
                DW_FORM_data8);
    MADE_ABBREV(m, BAD_FUNCTION, DW_TAG_subroutine_type, true, REF);
    MADE_ABBREV(m, BAD_ARGUMENT, DW_TAG_formal_parameter, false, REF);
    MADE_ABBREV(m, BAD_LENGTH, DW_TAG_variable, false, REF, DW_AT_location, DW_FORM_exprloc);
    MADE_ABBREV(m, RUN_RANGE, DW_TAG_subrange_type, false, DW_AT_upper_bound, DW_FORM_exprloc);
    MADE_ABBREV(m, RUN_COUNT, DW_TAG_subrange_type, false, DW_AT_count, DW_FORM_exprloc);
    MADE_ABBREV(m, RUN_REFERENCE, DW_TAG_subrange_type, false, DW_AT_count, DW_FORM_ref4);
    made_put(&m->abbrev, 0, 1);
}

static void put_type(struct made *m, unsigned code, uint32_t type)
{
    made_uleb(m->to, code);
    made_put(m->to, type, 4);
}

static void put_member(struct made *m, const char *name, uint32_t type, uint64_t offset)
{
    made_uleb(m->to, BAD_MEMBER);
    made_text(m->to, name);
    made_put(m->to, type, 4);
    made_put(m->to, offset, 8);
}

static void begin_struct(struct made *m, uint64_t size)
{
    made_uleb(m->to, BAD_STRUCT);
    made_put(m->to, size, 8);
}

/* Each makes types in the open unit and returns the last one. `character` and `number` are base
 * types. */
typedef uint32_t make_types(struct made *m, uint32_t character, uint32_t number);

static uint32_t typedef_of_itself(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    (void)number;
    put_type(m, BAD_TYPEDEF, here);
    return here;
}

static uint32_t type_that_is_nowhere(struct made *m, uint32_t character, uint32_t number)
{
    (void)m;
    (void)character;
    (void)number;
    return MADE_CODE;
}

static uint32_t struct_in_itself(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    begin_struct(m, 8);
    put_member(m, "n", number, 0);
    put_member(m, "s", here, 0);
    made_end(m);
    return here;
}

static uint32_t base_of_itself(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    begin_struct(m, 8);
    put_type(m, BAD_BASE, here);
    made_put(m->to, 0, 8);
    put_member(m, "n", number, 0);
    made_end(m);
    return here;
}

static uint32_t huge_array(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    put_type(m, BAD_ARRAY, number);
    made_uleb(m->to, BAD_RANGE);
    made_put(m->to, UINT64_C(1) << 60, 8);
    made_end(m);
    return here;
}

static uint32_t huge_text(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)number;
    put_type(m, BAD_ARRAY, character);
    made_uleb(m->to, BAD_RANGE);
    made_put(m->to, UINT64_C(1) << 60, 8);
    made_end(m);
    return here;
}

static uint32_t many_dimensions(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    put_type(m, BAD_ARRAY, number);
    for (size_t i = 0; i < 20; i++) {
        made_uleb(m->to, BAD_RANGE);
        made_put(m->to, UINT32_MAX - 1, 8);
    }
    made_end(m);
    return here;
}

static uint32_t array_of_itself(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    (void)number;
    put_type(m, BAD_ARRAY, here);
    made_uleb(m->to, BAD_RANGE);
    made_put(m->to, 3, 8);
    made_end(m);
    return here;
}

static uint32_t far_members(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    begin_struct(m, UINT64_C(1) << 63);
    put_member(m, "a", number, UINT64_MAX);
    put_member(m, "b", number, UINT64_C(1) << 63);
    put_member(m, "c", number, 0);
    made_end(m);
    return here;
}

static uint32_t many_members(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    begin_struct(m, 8);
    for (size_t i = 0; i < 100000; i++)
        put_member(m, "", number, 0);
    made_end(m);
    return here;
}

static uint32_t pointer_to_itself(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    (void)number;
    put_type(m, BAD_POINTER, here);
    return here;
}

static uint32_t function_of_itself(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t pointer = made_here(m), here;

    (void)character;
    put_type(m, BAD_POINTER, pointer + 5);
    here = made_here(m);
    put_type(m, BAD_FUNCTION, number);
    for (size_t i = 0; i < 20; i++)
        put_type(m, BAD_ARGUMENT, pointer);
    made_end(m);
    ck_assert_uint_eq(here, pointer + 5);
    return pointer;
}

static uint32_t names_that_are_no_text(struct made *m, uint32_t character, uint32_t number)
{
    uint32_t here = made_here(m);

    (void)character;
    begin_struct(m, 8);
    put_member(m, "\033[2J\xff", number, 0);
    made_end(m);
    return here;
}

static const struct {
    make_types *make;
    const char *type, *value; /* how they begin; value NULL: there is none */
} bad_types[] = {
    {typedef_of_itself, "?", NULL},
    {type_that_is_nowhere, "?", NULL},
    {struct_in_itself, "struct {...}",
     "{n = 513, s = {n = 513, s = {n = 513, s = {n = 513, s = {n = 513, s = {n = 513, s = {n = "
     "513, s = {n = 513, s = {...}}}}}}}}}"},
    {base_of_itself, "struct {...}", "{<?> = {<?> = {<?> = "},
    {huge_array, "int [1152921504606846977]", "{513, 0 <repeats "},
    {huge_text, "char [1152921504606846977]", "\"\\001\\002\", '\\000' <repeats "},
    {many_dimensions, "int [4294967295][4294967295]", NULL},
    {array_of_itself, "? [4][4][4]", NULL},
    {far_members, "struct {...}",
     "{a = <its location cannot be read>, b = <its location cannot be read>, c = 513}"},
    {many_members, "struct {...}", "{513, 513, 513"},
    {pointer_to_itself, "? ****************", "0x201"},
    {function_of_itself, "int (*)(int (*)(int (*)(", "0x201"},
    {names_that_are_no_text, "struct {...}", "{?[2J? = 513}"},
};

START_TEST(types_that_lie_end)
{
    static uint8_t zeros[PRINT_VALUE_MAX * 200] = {1, 2};
    struct place_piece piece = {.kind = PLACE_BYTES, .bytes = {zeros, sizeof zeros}};
    _made_ struct made m;
    struct frame_view frame = {.bias = 0};
    struct place place = {.frame = &frame, .pieces = &piece, .n = 1};
    struct image image = {.layout = core_layout_find(EM_X86_64, true)};
    uint32_t character, number, type;
    const char *why = NULL;
    struct entry unit, e;

    made_init(&m, 5);
    add_bad_abbrevs(&m);
    made_unit(&m, "a.c", MADE_CODE, 0x100);
    character = made_here(&m);
    made_base_type(&m, "char", 1, DW_ATE_signed_char);
    number = made_here(&m);
    made_base_type(&m, "int", 4, DW_ATE_signed);
    type = bad_types[_i].make(&m, character, number);
    made_named(&m, MADE_OF_TYPE, "x");
    made_put(m.to, type, 4);
    made_unit_end(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    frame.image = &image;
    ck_assert(debug_unit_of(m.debug, MADE_CODE, &unit));
    ck_assert(find_variable(&unit, "x", &e));

    const char *name = print_type(&e, &m.arena);
    const char *value = print_value(&e, &place, &m.arena, &why);

    ck_assert_msg(cstr_starts(name, bad_types[_i].type), "%s", name);
    ck_assert_uint_le(strlen(name), PRINT_TYPE_MAX);
    ck_assert_msg(!value == !bad_types[_i].value, "%s", value ? value : why);
    if (!value) {
        ck_assert_ptr_nonnull(why);
        return;
    }
    ck_assert_msg(cstr_starts(value, bad_types[_i].value), "%s", value);
    ck_assert_uint_le(strlen(value), PRINT_VALUE_MAX);
    ck_assert_uint_eq(utf8_valid_prefix(value, strlen(value)), strlen(value));
    if (bad_types[_i].make == many_members)
        ck_assert(cstr_ends(value, "…"));
}
END_TEST

/* --- Lengths that are variables --- */

/* As gcc writes one (an expression), as clang does (a variable that has no place in the source). */
static uint32_t array_of_length(struct made *m, unsigned code, uint32_t number, int8_t offset)
{
    uint32_t variable = made_here(m), here;
    const uint8_t read[] = {DW_OP_fbreg, (uint8_t)(offset & 0x7f), DW_OP_deref_size, 4};

    made_named(m, MADE_OF_TYPE, "unused");
    made_put(m->to, number, 4);
    if (code == RUN_REFERENCE) {
        variable = made_here(m);
        made_uleb(m->to, BAD_LENGTH);
        made_put(m->to, number, 4);
        made_expression(m, (struct made_bytes){read, 2});
    }
    here = made_here(m);
    put_type(m, BAD_ARRAY, number);
    made_uleb(m->to, code);
    if (code == RUN_REFERENCE)
        made_put(m->to, variable, 4);
    else
        made_expression(m, (struct made_bytes){read, sizeof read});
    made_end(m);
    return here;
}

static const struct {
    unsigned code;
    int32_t number;
    const char *type, *value;
} lengths[] = {
    {RUN_RANGE, 2, "int [3]", "{7, 8, 9}"},
    {RUN_COUNT, 3, "int [3]", "{7, 8, 9}"},
    {RUN_REFERENCE, 3, "int [3]", "{7, 8, 9}"},
    {RUN_REFERENCE, -3, "int [variable length]", "0x"},
    {RUN_RANGE, INT32_MAX, "int [2147483648]", "{7, 8, 9, "},
};

START_TEST(a_length_that_is_a_variable_is_looked_up)
{
    static int32_t memory[2 + PRINT_ELEMENTS_MAX] = {0, 0, 7, 8, 9};
    struct arena arena = ARENA_INIT(0);
    struct image image = {
        .arena = &arena, .layout = core_layout_find(MACHINE, true), .reader = &own_memory};
    struct registers registers = {0};
    struct frame_view frame = {.image = &image,
                               .registers = &registers,
                               .address = MADE_CODE,
                               .pc = MADE_CODE,
                               .has_cfa = true,
                               .cfa = (uintptr_t)&memory[0] + 64};
    struct entry unit, function, e;
    const char *why = NULL;
    _made_ struct made m;
    struct place place;
    uint32_t number, type;

    memory[0] = lengths[_i].number;
    made_init(&m, 5);
    add_bad_abbrevs(&m);
    made_unit(&m, "a.c", MADE_CODE, 0x100);
    number = made_here(&m);
    made_base_type(&m, "int", 4, DW_ATE_signed);
    made_function(&m, "f", MADE_CODE, 0x100, EXPR(DW_OP_call_frame_cfa));
    type = array_of_length(&m, lengths[_i].code, number, -64);
    made_named(&m, MADE_OF_TYPE, "x");
    made_put(m.to, type, 4);
    made_end(&m);
    made_unit_end(&m);
    ck_assert_ptr_nonnull(frame.debug = made_open(&m));
    ck_assert(debug_unit_of(m.debug, MADE_CODE, &unit));
    ck_assert(entry_child(&unit, &function) && entry_sibling(&function));
    ck_assert(find_variable(&function, "x", &e));
    place_of_memory(&frame, (uintptr_t)&memory[2], &arena, &place);

    const char *value = print_value(&e, &place, &arena, &why);

    ck_assert_str_eq(print_type_in(&frame, &e, &arena), lengths[_i].type);
    ck_assert_str_eq(print_type(&e, &arena), "int [variable length]");
    ck_assert_msg(value && cstr_starts(value, lengths[_i].value), "%s", value ? value : why);
    arena_fini(&arena);
}
END_TEST

/* --- What is only in the file --- */

static bool file_of(void *arg, const struct image_module *m, struct span *ret)
{
    (void)m;
    *ret = *(const struct span *)arg;
    return true;
}

/* Where the file has the bytes; in a segment that nobody can write to. */
static uint64_t offset_in(const struct span *file, const char *text)
{
    const uint8_t *p = memmem(file->data, file->size, text, strlen(text));

    ck_assert_ptr_nonnull(p);
    return (uint64_t)(p - file->data);
}

START_TEST(texts_that_the_dump_lacks_are_read_from_the_file)
{
    enum { AT = 0x10000, FAR = 0x100000 };
    struct image_mapping mapping = {AT, FAR, 0};
    struct image_module module = {.start = AT, .end = FAR, .mappings = &mapping, .n_mappings = 1};
    struct module_bytes files = {.bytes = file_of};
    _library_ struct library l;
    struct place_piece piece = {.kind = PLACE_VALUE};

    if (!library_make(&l, c_compilers[0], "c", c_source))
        return;
    files.arg = &l.file;
    l.frame.files = &files;
    l.image.modules = &module;
    l.image.n_modules = 1;
    l.image.reader = &no_memory;
    piece.number = AT + offset_in(&l.file, "l\n\"q\"");
    ck_assert_ptr_nonnull(strstr(print_at(&l, "text", &piece, 1), "\"l\\n\\\"q\\\" \\\\ \\001\""));
    piece.number = AT + offset_in(&l.file, "aaaaaaaaaaaaaaaaaaaabcd"); /* could be written to */
    ck_assert_ptr_nonnull(strstr(print_at(&l, "text", &piece, 1), "<error: "));
    l.frame.files = NULL;
    piece.number = AT + offset_in(&l.file, "l\n\"q\"");
    ck_assert_ptr_nonnull(strstr(print_at(&l, "text", &piece, 1), "<error: "));
}
END_TEST

UNIT_TABLES_MAIN("workerd/variables/print",
                 {variables_of_c_print_as_in_gdb, ARRAY_SIZE(c_compilers)},
                 {variables_of_cxx_print_as_in_gdb, ARRAY_SIZE(cxx_compilers)},
                 {variables_of_rust_print_as_in_gdb, ARRAY_SIZE(rust_compilers)},
                 {what_cannot_be_read_says_why_in_its_place, 1},
                 {constants_print_without_a_place, 1},
                 {a_string_whose_text_is_missing_shows_its_members, 1},
                 {addresses_have_names_when_somebody_knows_them, 1},
                 {types_that_lie_end, ARRAY_SIZE(bad_types)},
                 {a_length_that_is_a_variable_is_looked_up, ARRAY_SIZE(lengths)},
                 {texts_that_the_dump_lacks_are_read_from_the_file, 1})

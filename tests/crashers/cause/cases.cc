// SPDX-License-Identifier: Apache-2.0
// What C++ adds: exceptions, virtual functions, memory that cannot be had.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace shop {
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct Other {
    int code;
};
} // namespace shop

static volatile long zero;

static void uncaught() { throw std::runtime_error("the shelf is empty"); }
static void uncaught_derived() { throw shop::Error("order 17 has no address"); }
static void uncaught_other() { throw shop::Other{5}; }
static void uncaught_int() { throw 5; }
static void uncaught_again()
{
    try {
        uncaught();
    } catch (...) {
        throw;
    }
}
static void closed() noexcept { uncaught(); }
static void out_of_range() { (void)std::vector<int>(3).at(7 + zero); }
static void *volatile kept;
static void out_of_memory() { kept = new char[static_cast<size_t>(1) << 46 | static_cast<size_t>(zero)]; }
static void not_joined() { std::thread t([] {}); }

struct Base {
    Base() { call(); }
    virtual ~Base() = default;
    virtual void run() = 0;
    void __attribute__((noinline)) call() { run(); }
};
struct Derived : Base {
    void run() override {}
};
static void pure_virtual() { Derived d; }

struct Item {
    virtual ~Item() = default;
    virtual long price() { return 1; }
    long amount = 3;
};
static long __attribute__((noinline)) price(Item *i) { return i->price(); }
static void null_virtual() { zero = price(reinterpret_cast<Item *>(zero)); }
static void terminate() { std::terminate(); }

static const struct {
    const char *name;
    void (*run)();
} cases[] = {
    {"uncaught", uncaught},         {"uncaught_derived", uncaught_derived},
    {"uncaught_other", uncaught_other}, {"uncaught_int", uncaught_int},
    {"uncaught_again", uncaught_again}, {"closed", closed},
    {"out_of_range", out_of_range}, {"out_of_memory", out_of_memory},
    {"not_joined", not_joined},     {"pure_virtual", pure_virtual},
    {"null_virtual", null_virtual}, {"terminate", terminate},
};

int main(int argc, char **argv)
{
    for (const auto &c : cases)
        if (argc > 1 && strcmp(argv[1], c.name) == 0)
            c.run();
    return 2;
}

// SPDX-License-Identifier: Apache-2.0
// bugs BUG WAY in C++: as bugs.c. ELEMENT is what templates are instantiated for.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "ways.h"
}

#ifndef ELEMENT
#define ELEMENT int
#endif

namespace {
volatile int zero, one = 1;
void *volatile nowhere;
}

namespace shop {

struct NoSuchAccount : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Two exceptions leave one function.
class Ledger {
public:
    void settle(int account)
    {
        if (account == 1)
            throw NoSuchAccount("account " + std::to_string(account + one));
        if (account == 2)
            throw std::invalid_argument("account is closed");
        zero = account;
    }
};

template <typename T> class Shelf {
public:
    T take(size_t at) { return items_.at(at); }
    T look(size_t at) { return items_[at]; }
    int count(const Shelf *other) { return other->n_ + n_; }

private:
    std::vector<T> items_ = std::vector<T>(3);
    int n_ = one;
};

class Shape {
public:
    Shape() { announce(); }
    virtual ~Shape() = default;
    __attribute__((noinline)) void announce() { draw(); }
    virtual void draw() = 0;
};
class Circle : public Shape {
public:
    void draw() override { zero = one; }
};

class Guard {
public:
    ~Guard()
    {
        if (one)
            throw std::runtime_error("not now");
    }
};

struct Customer {
    std::string name;
    int rank;
    virtual int discount() { return rank; }
    virtual ~Customer() = default;
};

template <typename T, int N> struct Nest {
    static int open(volatile T *above)
    {
        volatile T here[30];

        here[0] = above[0];
        return (int)Nest<T, (N + 1) % 3>::open(here) + (int)here[one];
    }
};

} // namespace shop

static void settle_unknown_bug() { shop::Ledger().settle(one); }
static void settle_closed_bug() { shop::Ledger().settle(one + 1); }
static void shelf_at_bug() { zero = (int)shop::Shelf<ELEMENT>().take((size_t)one * 7); }
static void shelf_null_bug() { zero = shop::Shelf<ELEMENT>().count((const shop::Shelf<ELEMENT> *)nowhere); }
static void pure_virtual_bug()
{
    auto circle = std::make_unique<shop::Circle>();
    circle->draw();
}
static void destructor_bug()
{
    shop::Guard guard;
    zero = one;
}
static int rank_of(const std::shared_ptr<shop::Customer> &customer) { return customer->rank; }
static void shared_null_bug()
{
    std::shared_ptr<shop::Customer> nobody((shop::Customer *)nowhere);
    zero = rank_of(nobody);
}
static int discount_of(shop::Customer *customer) { return customer->discount() + one; }
static void virtual_null_bug() { zero = discount_of((shop::Customer *)nowhere); }
static void sort_bug()
{
    std::vector<shop::Customer *> all{(shop::Customer *)nowhere, new shop::Customer, new shop::Customer};
    std::sort(all.begin(), all.end(), [](auto *a, auto *b) { return a->rank < b->rank; });
    zero = all[0]->rank;
}
static void each(const std::vector<int> &numbers, const std::function<void(int)> &f)
{
    for (int n : numbers)
        f(n);
    zero = one;
}
static void function_bug()
{
    auto *customer = (shop::Customer *)nowhere;
    each({1, 2, 3}, [customer](int n) { zero = customer->rank + n; });
}
static void empty_function_bug()
{
    std::function<void(int)> nothing;
    each({1, 2}, nothing);
}
static std::string title_of(const char *s) { return std::string(s) + "."; }
static void string_null_bug() { zero = (int)title_of((const char *)nowhere).size(); }
static int price_of(const std::map<std::string, int> &prices, const char *what) { return prices.at(what); }
static void map_at_bug() { zero = price_of({{"pen", 3}}, "ink"); }
static void nest_bug()
{
    ELEMENT start[1] = {};
    zero = shop::Nest<ELEMENT, 0>::open(start);
}
static void thread_throws_bug()
{
    std::thread t([] {
        if (one)
            throw shop::NoSuchAccount("in a thread");
    });
    t.join();
}
static void quiet(int n) noexcept { shop::Ledger().settle(n + 1); }
static void noexcept_bug() { quiet(one); }

#define BUG(name) {#name, name##_bug}
const struct bug bugs[] = {
    BUG(settle_unknown), BUG(settle_closed), BUG(shelf_at), BUG(shelf_null), BUG(pure_virtual), BUG(destructor), BUG(shared_null),
    BUG(virtual_null), BUG(sort), BUG(function), BUG(empty_function), BUG(string_null), BUG(map_at), BUG(nest), BUG(thread_throws),
    BUG(noexcept), {nullptr, nullptr},
};

#include "ways.inc"

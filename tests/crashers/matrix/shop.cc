// SPDX-License-Identifier: Apache-2.0
// What C++ does to names and frames: namespaces, one of them anonymous, templates, lambdas, operators, virtual functions,
// members that are expanded inline, destructors that run while an exception is thrown.
#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../frame.h"

namespace shop
{
inline namespace v2
{
static int *volatile nowhere;

template <typename T, int Scale> struct Price {
    T amount;
    T scaled() const { return amount * Scale; }
    FRAME Price operator+(const Price &other) const
    {
        return Price{amount + other.amount + static_cast<T>(*nowhere)};
    }
};

namespace
{
class Visitor
{
public:
    virtual ~Visitor() = default;
    FRAME virtual int visit(const std::string &name) = 0;
};

class Adder final : public Visitor
{
public:
    int visit(const std::string &name) override
    {
        const Price<long, 10> a{static_cast<long>(name.size())}, b{2};
        return static_cast<int>((a + b).scaled());
    }
};
} // namespace

class Basket
{
public:
    struct Guard {
        Basket &basket;
        int closed = 0;
        explicit Guard(Basket &b) : basket(b) {}
        FRAME ~Guard() { closed = basket.close(); }
    };

    template <typename F> int each(F &&f) const
    {
        int sum = 0;
        for (const auto &name : names_)
            sum += f(name);
        return sum;
    }

    FRAME int close()
    {
        const std::unique_ptr<Visitor> visitor = std::make_unique<Adder>();
        return each([&](const std::string &name) { return visitor->visit(name) + 1; });
    }

    FRAME void check(std::size_t most)
    {
        const Guard guard(*this);
        if (names_.size() > most)
            throw std::length_error("too much");
    }

private:
    std::vector<std::string> names_{"apple", "pear"};
};
} // namespace v2

template <typename... Args> FRAME int pay(Basket &basket, Args... args)
{
    const std::function<int(int)> run = [&basket](int most) {
        basket.check(static_cast<std::size_t>(most));
        return most;
    };
    return (run(args) + ...);
}

} // namespace shop

int main()
{
    shop::Basket basket;
    try {
        return shop::pay(basket, 1, 2);
    } catch (const std::exception &) {
        return 1;
    }
}

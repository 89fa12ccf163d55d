// SPDX-License-Identifier: Apache-2.0
// What C++ has for arguments and local variables: references, strings, classes with bases, virtual functions and
// static members, templates, lambdas with captures, pointers to members, exceptions.
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "../frame.h"

namespace shop
{
static int *volatile nowhere;
static volatile int zero;

FRAME static void see(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}
template <typename... T> static inline __attribute__((always_inline)) void keep(const T &...all)
{
    const void *list[] = {&all...};
    see(list);
}

enum class Color : std::uint8_t { red, green = 7 };
enum class Mode { read = 1, write = 2, create = 4 };
enum Plain { low, high = 9 };

struct Base {
    int base = 1;
    Base() = default;
    Base(const Base &) = default;
    virtual ~Base() = default;
    virtual int call(int n) { return n + base; }
    int plain(int n) const { return n - base; }
};

struct Other {
    const char *other = "other";
    static int shared;
    static const int constant = 12;
    static constexpr double ratio = 0.5;
};
int Other::shared = 3;

struct Derived : Base, private Other {
    long own = 2;
    std::string name{"derived"};
    int call(int n) override { return n * static_cast<int>(own); }
};

struct Virtual : virtual Base, virtual Other {
    int third = 3;
};

struct Diamond : Virtual {
    short fourth = 4;
};

struct Tag {
};
struct Empty : Tag {
};

template <typename T, int N = 2> struct Box {
    T value{};
    T more[N]{};
    struct Inner {
        T *to = nullptr;
        Color color = Color::green;
    } inner;
    using type = T;
};

template <typename T> using Boxed = Box<T, 3>;

union Either {
    int number;
    float real;
};

class Node
{
public:
    Node(int id, Node *next) : id_(id), next_(next) {}
    FRAME int walk(const Node *until, int depth) const;

private:
    int id_;
    Node *next_;
    mutable unsigned visits_ : 4 {};
    const char *const label_ = "node";
};

namespace
{
struct Hidden {
    int x = 5;
};
} // namespace

FRAME int Node::walk(const Node *until, int depth) const
{
    int here = id_ * depth;
    keep(here, depth, until);
    if (next_ && next_ != until)
        return next_->walk(until, depth + 1) + here;
    return *nowhere + here;
}

FRAME static int classes(const Base &base, Base *pointer, Derived by_value, Derived &&moved)
{
    Derived derived;
    Virtual with_virtual;
    Diamond diamond;
    Empty empty;
    Hidden hidden;
    Base &alias = derived;
    Either either{4};
    const Derived *const none = nullptr;
    Node last{1, nullptr}, first{2, &last};
    Other other;
    struct Local {
        int a;
        Plain p;
    } local{1, high};
    keep(derived, with_virtual, diamond, empty, hidden, alias, either, none, first, last, other, local, by_value, moved, base,
         pointer);
    return first.walk(nullptr, 1) + derived.call(zero);
}

FRAME static int pointers(std::nullptr_t null)
{
    int Base::*member = &Base::base, Base::*no_member = nullptr;
    int (Base::*method)(int) const = &Base::plain, (Base::*no_method)(int) const = nullptr;
    int (Base::*virtual_method)(int) = &Base::call;
    int (*function)(std::nullptr_t) = pointers;
    int (&reference)(std::nullptr_t) = pointers;
    int array[3] = {1, 2, 3}, (&all)[3] = array, (*to_all)[3] = &array;
    int *to_int = array, *&to_pointer = to_int;
    Derived derived;
    Base *as_base = &derived;
    std::nullptr_t nothing = nullptr;
    keep(member, no_member, method, no_method, virtual_method, function, array, to_all, to_int, derived, as_base, nothing);
    return classes(derived, as_base, derived, Derived{}) + all[0] + (to_pointer == nullptr) + (reference == nullptr);
}

template <typename T, typename U> FRAME static int templates(const T &t, U u, const Boxed<T> *boxed)
{
    Box<T> box{t};
    Box<const char *, 1> text{"in a box"};
    typename Box<U>::type other = u;
    auto pair = std::make_pair(t, u);
    std::tuple<T, U, Color> tuple{t, u, Color::red};
    std::array<U, 4> array{u, u};
    keep(box, text, other, pair, tuple, array, boxed);
    return pointers(nullptr);
}

FRAME static int strings(const std::string &by_reference, std::string by_value, std::string_view view)
{
    std::string empty, brief = "short", longer = "a text that is too long to be kept within the object itself";
    std::string odd("with \"quotes\" and \0 and \n", 25), same(40, 'r'), huge(500, 'h');
    std::string *to_string = &brief;
    std::wstring wide = L"wide";
    std::u16string utf16 = u"utf16";
    std::string list[2] = {"one", "two"};
    struct {
        int number;
        std::string text;
    } held{1, "held"};
    const std::string constant = "constant";
    const std::pair<const std::string, int> pair{"key", 5};
    keep(empty, brief, longer, odd, same, huge, to_string, wide, utf16, list, held, constant, pair, by_value, view);
    const Boxed<long> boxed{8};
    return templates(5l, 2.5, &boxed) + static_cast<int>(by_reference.size());
}

FRAME static int containers(std::unique_ptr<int> unique)
{
    std::vector<int> numbers{1, 2, 3};
    std::optional<int> some = 4, nothing;
    std::shared_ptr<std::string> shared = std::make_shared<std::string>("shared");
    std::map<int, int> map{{1, 2}};
    keep(numbers, some, nothing, shared, map, unique);
    for (const int &number : numbers)
        if (number == 2)
            return strings("temporary", "moved in here", "view");
    return 0;
}

FRAME static int caught(int code)
{
    try {
        throw std::runtime_error("why " + std::to_string(code));
    } catch (const std::exception &error) {
        Color color = Color::green, unknown = static_cast<Color>(9);
        Mode mode = static_cast<Mode>(5), write = Mode::write;
        Plain plain = high;
        bool yes = true;
        char16_t letter = u'\u00e9';
        keep(color, unknown, mode, write, plain, yes, letter);
        return containers(std::make_unique<int>(code)) + error.what()[0];
    }
}

FRAME static int lambdas(int &counter, const Color &color)
{
    int copied = 6;
    std::string text = "captured";
    auto [first, second] = std::make_pair(1, 'b');
    auto lambda = [copied, &counter, text, color](int argument) mutable {
        copied += argument;
        counter++;
        keep(copied, text, color);
        return caught(copied);
    };
    auto bare = [](auto x) { return x; };
    keep(lambda, bare, first, second, copied);
    return lambda(bare(4)) + first + second;
}
} // namespace shop

int main(int argc, char **argv)
{
    static shop::Derived kept;
    thread_local int local = 31;
    int counter = argc;
    shop::keep(kept, local, counter, argv);
    return shop::lambdas(counter, shop::Color::green);
}

// SPDX-License-Identifier: Apache-2.0
// A C++ exception that nobody catches, thrown by a method of a class in a namespace. Proves
// demangled names (one of them of a template), and that the runtime's frames between the throw and
// abort() are passed over. The runtime writes what() to standard error as well.
#include <stdexcept>
#include <vector>

#include "frame.h"

namespace billing
{

class Ledger
{
public:
    FRAME long settle(std::size_t account) const
    {
        if (account >= balances_.size())
            throw std::out_of_range("no such account");
        return balances_[account];
    }

private:
    std::vector<long> balances_;
};

template <typename Book> FRAME long close_month(const Book &book)
{
    return book.settle(7) + 1;
}

} // namespace billing

int main()
{
    return static_cast<int>(billing::close_month(billing::Ledger()));
}

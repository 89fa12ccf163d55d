// SPDX-License-Identifier: Apache-2.0
// An exception that nobody catches.
#include <stdexcept>
#include <vector>

#include "frame.h"

namespace ledger
{

class Account
{
public:
    FRAME long balance(std::size_t month) const
    {
        if (month >= months_.size())
            throw std::out_of_range("no such month");
        return months_[month];
    }

private:
    std::vector<long> months_;
};

FRAME long close_year(const Account &account)
{
    return account.balance(11) + 1;
}

} // namespace ledger

int main()
{
    return static_cast<int>(ledger::close_year(ledger::Account()));
}

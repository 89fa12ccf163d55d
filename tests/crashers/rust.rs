// SPDX-License-Identifier: Apache-2.0
// A Rust panic that aborts. Proves demangled names without their hashes, and that the panic
// machinery and the standard library's inlined frames are passed over for the function that
// panicked. The runtime writes the message to standard error as well. Built where there is rustc.
mod orders {
    pub struct Order {
        pub items: Vec<u32>,
    }

    impl Order {
        #[inline(never)]
        pub fn price(&self, item: usize) -> u32 {
            self.items[item] * 2
        }
    }

    #[inline(never)]
    pub fn checkout(order: &Order) -> u32 {
        order.price(3) + 1
    }
}

fn main() {
    let order = orders::Order { items: vec![1, 2, 3] };
    std::process::exit(orders::checkout(&order) as i32);
}

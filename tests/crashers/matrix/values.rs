// SPDX-License-Identifier: Apache-2.0
// What Rust has for arguments and local variables: numbers, texts, slices, tuples, structures, enums with and without data,
// Option and Result with and without a niche, boxes, closures, trait objects.
#![allow(dead_code)]
use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;

#[derive(Clone, Copy)]
enum Color {
    Red,
    Green = 7,
}

enum Shape {
    Point,
    Circle(f64),
    Rect { width: u32, height: u32 },
}

struct Pair {
    first: i32,
    second: u8,
}

struct Unit;
struct Meters(f32);

struct Order<'a, T> {
    name: &'a str,
    items: Vec<T>,
    shape: Shape,
    next: Option<Box<Order<'a, T>>>,
}

union Either {
    number: u32,
    real: f32,
}

trait Priced {
    fn price(&self, times: u32) -> u32;
}

impl Priced for Pair {
    #[inline(never)]
    fn price(&self, times: u32) -> u32 {
        let nowhere = black_box(std::ptr::null::<u32>());
        let sum = black_box(self.first as u32 + times);
        unsafe { nowhere.read_volatile() + sum + self.second as u32 }
    }
}

#[inline(never)]
fn structures(order: &Order<u16>, color: Color, priced: &dyn Priced) -> u32 {
    let pair = Pair { first: -3, second: b'x' };
    let tuple = (1u8, 'x', "y");
    let nested = ((1, 2), [Pair { first: 1, second: 2 }, Pair { first: 3, second: 4 }]);
    let point = Shape::Point;
    let circle = Shape::Circle(1.5);
    let rect = Shape::Rect { width: 3, height: 4 };
    let red = Color::Red;
    let meters = Meters(2.5);
    let unit = Unit;
    let either = Either { number: 1 };
    let boxed = Box::new(Pair { first: 5, second: 6 });
    let shared = Rc::new(7u32);
    black_box((&pair, &tuple, &nested, &point, &circle, &rect, &red, &meters, &unit, &either, &boxed, &shared, &color));
    priced.price(order.items.len() as u32) + unsafe { either.number }
}

#[inline(never)]
fn options(some: Option<u32>, text: Option<&str>, result: Result<u8, String>) -> u32 {
    let none: Option<u64> = None;
    let boxed: Option<Box<i16>> = Some(Box::new(-1));
    let no_box: Option<Box<i16>> = None;
    let ok: Result<(), i32> = Ok(());
    let error: Result<u16, &'static str> = Err("failed");
    let nested: Option<Option<bool>> = Some(None);
    let owned: Option<String> = Some("owned".to_string());
    let letter: Option<char> = Some('z');
    let ordering = std::cmp::Ordering::Less;
    black_box((&none, &boxed, &no_box, &ok, &error, &nested, &owned, &letter, &ordering, &some, &text, &result));
    let inner = Order { name: "inner", items: vec![], shape: Shape::Point, next: None };
    let order = Order { name: "outer", items: vec![1, 2], shape: Shape::Circle(0.5), next: Some(Box::new(inner)) };
    structures(&order, Color::Green, &Pair { first: 9, second: 1 })
}

#[inline(never)]
fn texts(text: &str, list: &[i32], mut owned: String) -> u32 {
    let empty = "";
    let bytes = b"bytes";
    let array = [1u8, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3];
    let grid = [[1i64, 2], [3, 4]];
    let strings = ["a".to_string(), "b".to_string()];
    let part = &array[1..3];
    let map: BTreeMap<u8, &str> = [(1, "one")].into_iter().collect();
    let words: Vec<&str> = text.split(' ').collect();
    let accented = "é\t\"ü\"";
    owned.push('!');
    black_box((&empty, &bytes, &array, &grid, &strings, &part, &map, &words, &accented, &owned, &text, &list));
    let add = |n: u32| n + owned.len() as u32 + list[0] as u32;
    let sum = add(1);
    black_box(&sum);
    options(Some(sum), Some("text"), Err("no".to_string())) + sum
}

#[inline(never)]
fn numbers(small: i8, letter: char, truth: bool, huge: i128) -> u32 {
    let u8_ = 200u8;
    let i16_ = -300i16;
    let u16_ = 65535u16;
    let u64_ = u64::MAX;
    let i64_ = i64::MIN;
    let u128_ = u128::MAX;
    let size = 12usize;
    let f32_ = 1.1f32;
    let f64_ = 1e100f64;
    let accented = 'é';
    let unit = ();
    let pointer = &size as *const usize;
    let mut changed = 5;
    let reference = &mut changed;
    *reference += 1;
    let function: fn(&str, &[i32], String) -> u32 = texts;
    let shadowed = 1;
    black_box(&shadowed);
    let shadowed = "again";
    black_box((&u8_, &i16_, &u16_, &u64_, &i64_, &u128_, &size, &f32_, &f64_, &accented, &unit, &pointer));
    black_box((&reference, &function, &shadowed, &small, &letter, &truth, &huge));
    function("some text here", &[7, 8, 9], "owned".to_string()) + small as u32
}

fn main() {
    std::process::exit(numbers(-5, 'ß', true, -(1i128 << 100)) as i32);
}

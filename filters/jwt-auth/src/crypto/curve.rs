//! Points of the large curves of NIST, on Montgomery's arithmetic.
//!
//! Points are Jacobian: (x, y, z) for the coordinates x/z², y/z³; z is 0 at infinity. The formulas are `dbl-2001-b` and
//! `add-2007-bl` of the [Explicit-Formulas Database](https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html).

use super::number::Modulus;

/// Limbs of the longest numbers, those of P-521.
const MOST_LIMBS: usize = 17;

/// A number of the field, in Montgomery's form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element([u32; MOST_LIMBS]);

/// A point.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    x: Element,
    y: Element,
    z: Element,
}

/// A curve y² = x³ - 3x + b over a prime field.
pub(crate) struct Curve {
    /// Bytes of a coordinate.
    pub(crate) size: usize,
    field: Modulus,
    /// How many points there are, the one at infinity included.
    pub(crate) order: Modulus,
    base: Point,
}

/// The numbers of a curve, the highest byte first.
pub(crate) struct Numbers {
    pub(crate) prime: &'static [u8],
    pub(crate) order: &'static [u8],
    pub(crate) b: &'static [u8],
    pub(crate) x: &'static [u8],
    pub(crate) y: &'static [u8],
}

impl Curve {
    /// The curve with these numbers, and the point with these coordinates; `None` where it is none of the curve.
    pub(crate) fn with_point(numbers: &Numbers, x: &[u8], y: &[u8]) -> Option<(Self, Point)> {
        let field = Modulus::new(numbers.prime).filter(|field| field.len() <= MOST_LIMBS)?;
        let order = Modulus::new(numbers.order)?;
        let zero = Element([0; MOST_LIMBS]);
        let infinity = Point { x: zero, y: zero, z: zero };
        let mut curve = Self { size: field.bytes(), field, order, base: infinity };
        curve.base = curve.point(numbers, numbers.x, numbers.y)?;
        let point = curve.point(numbers, x, y)?;
        Some((curve, point))
    }

    /// The point with these coordinates, which are smaller than the prime and fulfil the equation.
    fn point(&self, numbers: &Numbers, x: &[u8], y: &[u8]) -> Option<Point> {
        let element = |bytes: &[u8]| self.field.number(bytes).map(|number| self.enter(&number));
        let (x, y, b) = (element(x)?, element(y)?, element(numbers.b)?);
        let cube = self.times(&self.square(&x), &x);
        let right = self.plus(&self.minus(&cube, &self.plus(&x, &self.plus(&x, &x))), &b);
        let point = Point { x, y, z: element(&[1])? };
        (self.square(&y) == right).then_some(point)
    }

    /// `a` times the base point and `b` times another, of which the table has what [`Curve::table`] made.
    ///
    /// Two bits of both at a time (Straus' method): one addition for two of each.
    pub(crate) fn combine(&self, table: &[Point; 16], a: &[u32], b: &[u32]) -> Option<Point> {
        let mut sum = *table.first()?;
        for (a, b) in a.iter().rev().zip(b.iter().rev()) {
            for shift in (0..32).step_by(2).rev() {
                sum = self.double(&self.double(&sum));
                let place = (a >> shift & 3) * 4 + (b >> shift & 3);
                if place != 0 {
                    sum = self.add(&sum, table.get(usize::try_from(place).ok()?)?);
                }
            }
        }
        Some(sum)
    }

    /// `i` times the base point and `j` times this one at the place `4 * i + j`, for up to three of each.
    pub(crate) fn table(&self, point: &Point) -> [Point; 16] {
        let zero = Element([0; MOST_LIMBS]);
        let mut table = [Point { x: zero, y: zero, z: zero }; 16];
        let mut row = Point { x: zero, y: zero, z: zero };
        for points in table.chunks_exact_mut(4) {
            let mut sum = row;
            for place in points {
                *place = sum;
                sum = self.add(&sum, point);
            }
            row = self.add(&row, &self.base);
        }
        table
    }

    /// Whether the x of a point is this number, modulo the order (FIPS 186, section 6.4.2).
    pub(crate) fn has_x(&self, point: &Point, number: &[u8]) -> bool {
        if self.is_zero(&point.z) {
            return false;
        }
        let Some(first) = self.order.number(number) else { return false };
        let square = self.square(&point.z);
        // Without dividing: x/z² is the number, or the number and the order where that is smaller than the prime.
        let is_x = |number: &[u32]| self.times(&self.enter(number), &square) == point.x;
        is_x(&first) || self.order.lifted(&first, &self.field).is_some_and(|lifted| is_x(&lifted))
    }

    fn double(&self, point: &Point) -> Point {
        let Point { x, y, z } = point;
        let delta = self.square(z);
        let gamma = self.square(y);
        let beta = self.times(x, &gamma);
        let third = self.times(&self.minus(x, &delta), &self.plus(x, &delta));
        let alpha = self.plus(&third, &self.plus(&third, &third));
        let twice = |number: &Element| self.plus(number, number);
        let beta4 = twice(&twice(&beta));
        let gamma8 = twice(&twice(&twice(&self.square(&gamma))));
        let new_x = self.minus(&self.square(&alpha), &twice(&beta4));
        let new_y = self.minus(&self.times(&alpha, &self.minus(&beta4, &new_x)), &gamma8);
        let new_z = self.minus(&self.minus(&self.square(&self.plus(y, z)), &gamma), &delta);
        Point { x: new_x, y: new_y, z: new_z }
    }

    fn add(&self, one: &Point, other: &Point) -> Point {
        if self.is_zero(&one.z) {
            return *other;
        }
        if self.is_zero(&other.z) {
            return *one;
        }
        let (square, other_square) = (self.square(&one.z), self.square(&other.z));
        let (u, other_u) = (self.times(&one.x, &other_square), self.times(&other.x, &square));
        let s = self.times(&self.times(&one.y, &other.z), &other_square);
        let other_s = self.times(&self.times(&other.y, &one.z), &square);
        let (h, r) = (self.minus(&other_u, &u), self.minus(&other_s, &s));
        if self.is_zero(&h) {
            // The same x: the same point, or its opposite, for which z becomes 0 below.
            if self.is_zero(&r) {
                return self.double(one);
            }
        }
        let h_square = self.square(&h);
        let cube = self.times(&h_square, &h);
        let v = self.times(&u, &h_square);
        let x = self.minus(&self.minus(&self.square(&r), &cube), &self.plus(&v, &v));
        let y = self.minus(&self.times(&r, &self.minus(&v, &x)), &self.times(&s, &cube));
        let z = self.times(&self.times(&one.z, &other.z), &h);
        Point { x, y, z }
    }

    fn enter(&self, number: &[u32]) -> Element {
        let mut element = Element([0; MOST_LIMBS]);
        for (limb, entered) in element.0.iter_mut().zip(self.field.enter(number)) {
            *limb = entered;
        }
        element
    }

    fn times(&self, a: &Element, b: &Element) -> Element {
        let mut product = Element([0; MOST_LIMBS]);
        self.field.multiply_into(self.limbs_mut(&mut product), self.limbs(a), self.limbs(b));
        product
    }

    fn square(&self, number: &Element) -> Element {
        self.times(number, number)
    }

    fn plus(&self, a: &Element, b: &Element) -> Element {
        let mut sum = *a;
        self.field.add_to(self.limbs_mut(&mut sum), self.limbs(b));
        sum
    }

    fn minus(&self, a: &Element, b: &Element) -> Element {
        let mut difference = *a;
        self.field.subtract_from(self.limbs_mut(&mut difference), self.limbs(b));
        difference
    }

    fn is_zero(&self, number: &Element) -> bool {
        self.limbs(number).iter().all(|limb| *limb == 0)
    }

    fn limbs<'e>(&self, element: &'e Element) -> &'e [u32] {
        element.0.get(..self.field.len()).unwrap_or_default()
    }

    fn limbs_mut<'e>(&self, element: &'e mut Element) -> &'e mut [u32] {
        element.0.get_mut(..self.field.len()).unwrap_or_default()
    }
}

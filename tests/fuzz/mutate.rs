//! Changes bytes at random, the same for the same seed on every machine.

/// SplitMix64: small, and good enough to choose by.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// A place of a few bytes within so many.
    fn piece(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let few = if self.below(4) == 0 { most } else { 8 };
        from..(from + self.below(few)).min(length)
    }
}

/// Bytes that grow no longer than this, so that each try is quick.
const MOST: usize = 4_096;

/// One to five changes of one of the corpus.
pub fn mutated(random: &mut Random, corpus: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(5) {
        change(random, &mut bytes, corpus, words);
    }
    bytes.truncate(MOST);
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str]) {
    let place = random.piece(bytes.len(), 64);
    match random.below(8) {
        0 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        1 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        2 => drop(bytes.drain(place)),
        3 => {
            let again = bytes[place.clone()].repeat(1 + random.below(3));
            bytes.splice(place.end..place.end, again);
        }
        4 => {
            let other = &corpus[random.below(corpus.len())];
            let taken = other[random.piece(other.len(), 256)].to_vec();
            bytes.splice(place, taken);
        }
        5 => {
            let value = random.next().to_string();
            bytes.splice(place, value.bytes().take(1 + random.below(20)).collect::<Vec<_>>());
        }
        _ if words.is_empty() => bytes.push(random.next() as u8),
        _ => {
            let word = words[random.below(words.len())];
            let end = if random.below(2) == 0 { place.start } else { place.end };
            bytes.splice(place.start..end, word.bytes());
        }
    }
}

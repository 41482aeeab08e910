//! Addresses of the network: which belong together, and which are named by the operator.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// Bits of an IPv6 address that tell a customer from another: each has all addresses below them.
const IPV6_BLOCK: u32 = 64;

/// Networks that the operator names: addresses, or blocks of them as in RFC 4632.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether the address lies in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(network).collect::<Result<_, _>>().map(Self)
    }
}

fn network(name: &str) -> Result<IpNet, String> {
    let network = match name.parse::<IpAddr>() {
        Ok(address) => Some(address.to_canonical().into()),
        Err(_) => name.parse().ok(),
    };
    network.ok_or_else(|| format!("{name:?} is no address and no block of addresses like 10.0.0.0/8 or 2001:db8::/32"))
}

/// What stands for an address where clients are counted: an IPv4 address itself, the block of an IPv6 address, of which
/// one customer has 2^64.
pub fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << IPV6_BLOCK)).into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_found_in_the_networks_named() {
        let networks: Networks = "10.0.0.0/8, 192.0.2.1,2001:db8::/32,".parse().unwrap();
        for within in ["10.1.2.3", "192.0.2.1", "2001:db8:1::1", "::ffff:10.1.2.3"] {
            assert!(networks.contain(address(within)), "{within}");
        }
        for without in ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::1"] {
            assert!(!networks.contain(address(without)), "{without}");
        }
        assert_eq!("".parse(), Ok(Networks::default()));
        for wrong in ["10.0.0.0/33", "localhost", "10.0.0", "10.0.0.1-10.0.0.9"] {
            assert!(wrong.parse::<Networks>().unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn addresses_of_one_customer_count_as_one() {
        assert_eq!(block(address("192.0.2.1")), address("192.0.2.1"));
        assert_eq!(block(address("::ffff:192.0.2.1")), address("192.0.2.1"));
        assert_eq!(block(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
        assert_ne!(block(address("2001:db8:1:2::1")), block(address("2001:db8:1:3::1")));
    }
}

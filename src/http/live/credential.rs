//! By what credential a connection stays open, and whether that is still good.

use std::time::Duration;

use actix_web::web;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::millis;
use crate::domain::actor::Actor;
use crate::error::Error;
use crate::http::Edge;
use crate::http::rate::Visitor;

/// Time until a credential is looked at again where that failed.
const SOON: Duration = Duration::from_secs(1);

/// A credential that was good when it was last looked at, or none.
pub(super) struct Credential {
    /// What stands for the header `Authorization`.
    pub header: Option<String>,
    /// Whose it is.
    pub actor: Actor,
    keys: watch::Receiver<u64>,
    /// How often keys had changed when it was last found good.
    good: watch::Sender<Option<u64>>,
}

impl Credential {
    /// Whose credential this is, that a visitor brings.
    pub(super) async fn read(edge: &web::Data<Edge>, header: Option<String>, visitor: &Visitor) -> Result<Self, Error> {
        // Watched before it is read, so that no change falls between.
        let keys = edge.store.keys_changed();
        let good = watch::Sender::new(Some(*keys.borrow()));
        let looked = look(edge, header.clone()).await;
        if matches!(looked, Err(Error::Unauthenticated(_))) {
            edge.rates.distrust(visitor);
        }
        let actor = looked?;
        Ok(Self {
            header,
            actor,
            keys,
            good,
        })
    }

    /// The same where the actor is known from a moment ago.
    pub(super) fn known(edge: &Edge, header: Option<String>, actor: Actor) -> Self {
        let mut keys = edge.store.keys_changed();
        // What changed before it was watched must be looked at as well.
        keys.mark_changed();
        Self {
            header,
            actor,
            keys,
            good: watch::Sender::new(None),
        }
    }

    /// Waits until the credential was found good since keys last changed: nothing that came after a revocation is told by
    /// the key that was revoked. Whoever calls this also waits for `lost`, which does the looking.
    pub(super) async fn fresh(&self) {
        if self.header.is_some() {
            let mut good = self.good.subscribe();
            // The sender is here.
            let _ = good.wait_for(|good| *good >= Some(*self.keys.borrow())).await;
        }
    }

    /// Waits until the credential is no longer good, and tells why. Never comes back for whoever has none.
    pub(super) async fn lost(&self, edge: &web::Data<Edge>) -> Error {
        if self.header.is_none() {
            return std::future::pending().await;
        }
        let every = millis(edge.rules.live.recheck_ms);
        let mut tick = interval_at(Instant::now() + every, every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut keys = self.keys.clone();
        loop {
            tokio::select! {
                Ok(()) = keys.changed() => {}
                _ = tick.tick() => {}
            }
            let changed = *keys.borrow_and_update();
            match look(edge, self.header.clone()).await {
                Ok(actor) if actor == self.actor => drop(self.good.send_replace(Some(changed))),
                Ok(_) => return Error::Unauthenticated("The credential has other rights now.".into()),
                Err(Error::Unauthenticated(why)) => return Error::Unauthenticated(why),
                // Whoever can't be asked now is asked again; until then nothing is told either, if keys have changed.
                Err(_) => tick.reset_after(every.min(SOON)),
            }
        }
    }
}

async fn look(edge: &web::Data<Edge>, header: Option<String>) -> Result<Actor, Error> {
    let data = edge.clone();
    // Boxed, because every connection would keep room for it.
    let looked = Box::pin(async move { data.auth.authenticate(&data.store, header.as_deref()).await });
    edge.runner.look(edge.time(), |_| looked).await?
}

/// What stands for the header `Authorization`: the header of the upgrade, or the payload of `connection_init`. Both may
/// be there, but not two different ones.
pub(super) fn given(header: Option<&str>, payload: &Map<String, Value>) -> Result<Option<String>, Error> {
    let refused = |why: &str| Error::Unauthenticated(why.into());
    let mut given = header;
    for name in ["Authorization", "authorization"] {
        let value = match payload.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(value)) => value.as_str(),
            Some(_) => {
                return Err(refused(
                    "The credential is malformed: send \"Authorization\": \"Bearer KEY\".",
                ));
            }
        };
        if given.is_some_and(|other| other != value) {
            return Err(refused("Two different credentials were sent."));
        }
        given = Some(value);
    }
    Ok(given.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(header: Option<&str>, payload: Value) -> Result<Option<String>, String> {
        let Value::Object(payload) = payload else {
            panic!("{payload}");
        };
        given(header, &payload).map_err(|error| error.message())
    }

    #[test]
    fn a_credential_comes_by_header_or_payload_and_never_two() {
        assert_eq!(told(None, json!({})), Ok(None));
        assert_eq!(told(None, json!({"Authorization": null})), Ok(None));
        assert_eq!(told(Some("a"), json!({"other": 1})), Ok(Some("a".into())));
        assert_eq!(told(None, json!({"Authorization": "b"})), Ok(Some("b".into())));
        assert_eq!(told(None, json!({"authorization": "b"})), Ok(Some("b".into())));
        assert_eq!(told(Some("b"), json!({"authorization": "b"})), Ok(Some("b".into())));
        assert!(told(Some("a"), json!({"Authorization": "b"})).is_err());
        assert!(told(None, json!({"Authorization": "a", "authorization": "b"})).is_err());
        assert!(told(None, json!({"Authorization": 1})).is_err());
    }
}

//! Answers that are given again. One is good for whoever may see the same, until a change that could touch it is known;
//! and before it is given, the end of the ledger is asked for, so that nobody who has just written, through whichever
//! server, is told what was true before. Who asks the same at the same time waits for one execution.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Variables;
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::domain::actor::Actor;
use crate::http::cache::{Cache, Key};
use crate::http::gate::{Admitted, OperationKind, Reach};
use crate::store::Store;
use crate::store::change::{Head, Touching};

/// Answers that are kept, at most.
const ENTRIES: usize = 20_000;
/// What an answer takes beside its bytes, about.
const OVERHEAD: usize = 256;

/// Types whose objects are in every server's memory, and the roots and pages that lead to them: only changes of reference
/// data touch what is selected on them. What selects any other type hangs on any change.
const REFERENCE: [&str; 15] = [
    "Query",
    "PageInfo",
    "Country",
    "CountryConnection",
    "CountryEdge",
    "NeedCategory",
    "NeedCategoryConnection",
    "NeedCategoryEdge",
    "Commodity",
    "CommodityConnection",
    "CommodityEdge",
    "Unit",
    "Organization",
    "OrganizationConnection",
    "OrganizationEdge",
];
/// Types that tell who asks, what the server is, or secrets: never kept.
const NEVER: [&str; 6] = ["Viewer", "Service", "ApiKey", "ApiKeyConnection", "__Schema", "__Type"];
/// Fields that hang on who asks, beyond roles and on whose behalf.
const OF_PRINCIPAL: [&str; 1] = ["availableSteps"];

/// What was answered.
#[derive(Debug)]
pub struct Kept {
    /// `{"data":…`, without the closing brace.
    pub data: Vec<u8>,
    /// The place of the last change that could touch it and was known when it was begun.
    last: Head,
}

/// The answers that are kept, and those that are being found.
pub struct Remembered {
    kept: Cache<Kept>,
    flights: Mutex<HashMap<Key, Flying>>,
}

#[derive(Clone)]
struct Flying {
    last: Head,
    landed: watch::Receiver<Option<Arc<Kept>>>,
}

/// A question whose answer may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    key: Key,
    touching: Touching,
}

/// The execution of a question, for all who wait for it. Dropped before it lands, it leaves them to themselves.
pub struct Flight<'a> {
    remembered: &'a Remembered,
    question: Question,
    last: Head,
    /// None where somebody else's is under way.
    lands: Option<watch::Sender<Option<Arc<Kept>>>>,
}

impl Question {
    /// What is asked, by whom and on which day; none where the answer is not kept.
    pub fn new(actor: &Actor, admitted: &Admitted, today: NaiveDate) -> Option<Self> {
        let Reach { types, fields, filters } = &*admitted.reach;
        if admitted.kind != OperationKind::Query || NEVER.iter().any(|never| types.contains(*never)) {
            return None;
        }
        let is_reference = !filters && types.iter().all(|one| REFERENCE.contains(&one.as_str()));
        let of_principal = OF_PRINCIPAL.iter().any(|field| fields.contains(*field));
        let key = key(actor, of_principal, admitted, today)?;
        let touching = if is_reference {
            Touching::Reference
        } else {
            Touching::Anything
        };
        Some(Self { key, touching })
    }
}

/// Lengths go before texts, so that no two questions are the same bytes.
fn key(actor: &Actor, of_principal: bool, admitted: &Admitted, today: NaiveDate) -> Option<Key> {
    let Actor {
        principal: _,
        name: _,
        roles,
        country,
        organization,
    } = actor;
    let variables: &Variables = &admitted.variables;
    let mut roles = roles.clone();
    roles.sort_unstable();
    roles.dedup();
    let principal = of_principal.then(|| actor.principal_text());
    let rest = serde_json::to_vec(&(
        &admitted.operation_name,
        variables,
        today,
        actor.is_signed_in(),
        roles.iter().map(|role| format!("{role:?}")).collect::<Vec<_>>(),
        country,
        organization,
        principal,
    ));
    let mut hash = Sha256::new();
    hash.update(admitted.hash);
    hash.update(rest.ok()?);
    Some(hash.finalize().into())
}

impl Remembered {
    /// Keeps answers of so many bytes, about; none for 0.
    pub fn new(bytes: usize) -> Self {
        Self {
            kept: Cache::new(ENTRIES, bytes),
            flights: Mutex::default(),
        }
    }

    /// The answer, where it is still good.
    pub async fn find(&self, store: &Store, question: Question) -> Option<Arc<Kept>> {
        let is_last = |last: Head| store.feed().last(question.touching) == last;
        let kept = self.kept.get(&question.key).filter(|kept| is_last(kept.last));
        let flying = match kept {
            Some(_) => None,
            None => Some(self.flying(&question.key).filter(|flying| is_last(flying.last))?),
        };
        // Whatever was acknowledged before this question came counts.
        store.feed().caught_up(store).await.ok()?;
        match (kept, flying) {
            (Some(kept), _) => Some(kept).filter(|kept| is_last(kept.last)),
            (None, Some(mut flying)) if is_last(flying.last) => {
                let landed = flying.landed.wait_for(Option::is_some).await.ok()?;
                landed.clone()
            }
            _ => None,
        }
    }

    fn flying(&self, key: &Key) -> Option<Flying> {
        self.flights().get(key).cloned()
    }

    /// Begins to find the answer. To be called before anything is read.
    pub fn begin(&self, store: &Store, question: Question) -> Flight<'_> {
        let last = store.feed().last(question.touching);
        let (lands, landed) = watch::channel(None);
        let mut flights = self.flights();
        let is_first = flights.get(&question.key).is_none_or(|other| other.last < last);
        if is_first {
            flights.insert(question.key, Flying { last, landed });
        }
        Flight {
            remembered: self,
            question,
            last,
            lands: is_first.then_some(lands),
        }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Flying>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight<'_> {
    /// Keeps an answer without errors, and hands it to all who wait.
    pub fn land(self, data: Vec<u8>) -> Arc<Kept> {
        let bytes = data.len().saturating_add(OVERHEAD);
        let kept = Arc::new(Kept { data, last: self.last });
        self.remembered.kept.insert(self.question.key, Arc::clone(&kept), bytes);
        if let Some(lands) = &self.lands {
            lands.send_replace(Some(Arc::clone(&kept)));
        }
        kept
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.lands.is_some() {
            let mut flights = self.remembered.flights();
            if flights
                .get(&self.question.key)
                .is_some_and(|flying| flying.last == self.last)
            {
                flights.remove(&self.question.key);
            }
        }
    }
}

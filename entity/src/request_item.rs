//! One thing that a request asks for.

use sea_orm::entity::prelude::*;

use crate::enums::ItemKind;

/// One item of a request.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request_item")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request it belongs to.
    pub request_id: Uuid,
    /// Its place in the request, from 0.
    pub position: i32,
    /// Its id in the request's source.
    pub external_id: Option<String>,
    /// What kind of help.
    pub kind: ItemKind,
    /// Its category.
    pub category_code: String,
    /// Its commodity, where it is one of the list.
    pub commodity_code: Option<String>,
    /// What the codes don't say.
    pub description: Option<String>,
    /// The unit of every quantity.
    pub unit_code: String,
    /// Requested, in thousandths of the unit.
    pub quantity_milli: i64,
    /// Approved at verification, in thousandths of the unit; the base of every figure from then on.
    pub approved_milli: Option<i64>,
    /// Why it is not the requested quantity.
    pub approval_note: Option<String>,
    /// Cost of one unit, in ten-thousandths of a US dollar.
    pub unit_cost_e4: Option<i64>,
    /// Open pledges, in thousandths; they reserve nothing.
    pub pledged_milli: i64,
    /// Committed and not yet shipped, in thousandths.
    pub committed_milli: i64,
    /// Shipped and not yet received, in thousandths.
    pub in_transit_milli: i64,
    /// Received and accepted, in thousandths.
    pub delivered_milli: i64,
    /// What a donor can still take, in thousandths; 0 once the request has ended.
    pub uncovered_milli: i64,
    /// What is not yet in hands, in thousandths; 0 once the request has ended.
    pub unmet_milli: i64,
    /// `uncovered_milli` times the unit cost, in ten-millionths of a US dollar; none where the cost is unknown.
    pub uncovered_value_e7: Option<i64>,
    /// The request it belongs to.
    #[sea_orm(belongs_to, from = "request_id", to = "id")]
    pub request: BelongsTo<super::assistance_request::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

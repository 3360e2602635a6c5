"""The shelf and its adoption: a monthly logit of taste, the client's situation, rates and markets, for the eligible."""

from dataclasses import dataclass

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.market import Market
from insights.demo.people.clients import People
from insights.demo.rows import Rows
from insights.demo.state import CASH, FUNDS, MANDATE, State

MINIMA = (0, 100_000, 500_000, 1_000_000)
ELIGIBILITY = ("all", "affluent", "wealthy", "very wealthy")
"""Classes of clients by the wealth from which on they may buy."""

FALLBACK = 1
"""A client with funds but no fund product left holds this one (a bond fund)."""


class Shelf:
    """The products of the law as arrays."""

    def __init__(self, law: Law) -> None:
        shelf = law.products.shelf
        self.law = law
        self.codes = tuple(product.code for product in shelf)
        self.categories = tuple(dict.fromkeys(product.category for product in shelf))
        self.category = np.array([self.categories.index(p.category) for p in shelf], np.int8)
        self.rating = np.array([p.risk_rating for p in shelf], np.int8)
        self.minimum = np.array([p.minimum for p in shelf])
        self.fee = np.array([p.fee_bps for p in shelf]) / 1e4
        self.rate_effect = np.array([p.rate_effect for p in shelf])
        self.market_effect = np.array([p.market_effect for p in shelf])
        self.mandate = np.array([p.category == "mandate" for p in shelf])
        self.companion = np.array([self.codes.index(p.goes_with) for p in shelf])
        self.online = np.array([p.online for p in shelf])

    def log_odds(self, people: People, at: np.ndarray, market: Market, t: int) -> np.ndarray:
        """Return the monthly log odds of adoption, shape (clients, products)."""
        exposure = self.law.wealth.exposure_per_tolerance * people.tolerance[at]
        rate = 100 * (market.rate[t] - self.law.market.rate_mean)
        macro = self.rate_effect * rate + self.market_effect * (10 * market.trailing(t) * exposure)[:, None]
        odds: np.ndarray = self.law.products.intercept + people.taste[at] + macro
        return odds

    def own(self, people: People, state: State, at: np.ndarray, held: np.ndarray, t: int) -> "Own":
        """Return what of each client's own situation moves adoption; ``held`` (clients, products) as the month goes."""
        p, assets = self.law.products, state.assets[at]
        cash = assets[:, CASH] / np.maximum(assets.sum(axis=1), 1)
        kept = np.asarray(p.cash_kept)[people.tolerance[at] - 1]
        return Own(
            spare_cash=np.clip(10 * (cash - kept), *p.spare_limits),
            log_tenure=np.log1p((t - state.began[at].astype(np.int64)) / 12),
            companion=held[:, self.companion],
            digital=people.digital[at],
        )

    def own_odds(self, own: "Own") -> np.ndarray:
        """Return what that adds to the log odds of adoption, shape (clients, products)."""
        p = self.law.products
        added: np.ndarray = p.goes_with * own.companion + p.online * self.online * (own.digital - 0.5)[:, None]
        added += (p.spare_cash * own.spare_cash + p.log_tenure * own.log_tenure)[:, None]
        return added

    def rich_enough(self, assets: np.ndarray) -> np.ndarray:
        """Return which products the client's wealth (cents) allows."""
        allowed: np.ndarray = assets.sum(axis=1)[:, None] >= 100 * self.minimum
        return allowed

    def suitable(self, people: People, at: np.ndarray) -> np.ndarray:
        """Return which products the client's tolerance allows."""
        fits: np.ndarray = self.rating <= people.tolerance[at][:, None]
        return fits

    def weights(self, held: np.ndarray) -> np.ndarray:
        """Return how a client's funds are spread over the fund products held (rows sum to 1; riskier ones get less)."""
        weight = (held & ~self.mandate) / (1.0 + self.rating)
        spread: np.ndarray = weight / weight.sum(axis=1, keepdims=True)
        return spread

    def rows(self) -> Rows:
        """Return the rows of ``products``."""
        shelf = self.law.products.shelf
        return {
            "product_id": np.arange(len(shelf), dtype=np.int8),
            "category": self.category,
            "risk_rating": self.rating,
            "eligibility": np.searchsorted(MINIMA, self.minimum, side="right").astype(np.int8) - 1,
            "liquidity_days": np.array([p.liquidity_days for p in shelf]),
            "green": np.array([p.green for p in shelf], np.int8),
        }


@dataclass(frozen=True)
class Own:
    """What of a client's own situation moves adoption; shape (clients), and of the companion (clients, products)."""

    spare_cash: np.ndarray
    log_tenure: np.ndarray
    companion: np.ndarray
    digital: np.ndarray


@dataclass(frozen=True)
class Adoption:
    """Who adopted which product (positions and product numbers); who could have (mask), with what log odds, and why."""

    who: np.ndarray
    product: np.ndarray
    at_risk: np.ndarray
    odds: np.ndarray
    own: Own


def first_products(
    shelf: Shelf, people: People, at: np.ndarray, assets: np.ndarray, market: Market, t: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw what new clients hold on joining: only suitable products, and at least one fund."""
    odds = shelf.log_odds(people, at, market, t) + shelf.law.products.initial_shift
    held = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))) & shelf.rich_enough(assets) & shelf.suitable(people, at)
    return _with_a_fund(shelf, held)


def step_products(
    shelf: Shelf,
    people: People,
    state: State,
    at: np.ndarray,
    market: Market,
    t: int,
    rng: np.random.Generator,
    shift: np.ndarray | None = None,
) -> Adoption:
    """Drop and adopt products in place; ``shift`` (clients, products) is added to the log odds of adoption."""
    held = state.held[at]
    held &= rng.random(held.shape) >= shelf.law.products.drop
    # The money of a mandate that was dropped stays where it is; the product goes when it is empty.
    held |= shelf.mandate & (state.assets[at, MANDATE] > 0)[:, None]
    own = shelf.own(people, state, at, held, t)
    odds = shelf.log_odds(people, at, market, t) + shelf.own_odds(own)
    odds = odds if shift is None else odds + shift
    careless = rng.random(odds.shape) < shelf.law.products.unsuitable
    allowed = ~held & shelf.rich_enough(state.assets[at])
    suitable = shelf.suitable(people, at)
    adopted = allowed & (suitable | careless) & (rng.random(odds.shape) < 1 / (1 + np.exp(-odds)))
    state.held[at] = _with_a_fund(shelf, held | adopted)
    who, product = np.nonzero(adopted)
    return Adoption(who, product, allowed & suitable, odds, own)


def holding_rows(shelf: Shelf, state: State, clock: Clock, t: int) -> Rows:
    """Return the holdings at the end of month ``t``: funds spread over the products held, to the cent."""
    at = np.flatnonzero(state.present)
    funds, mandate = state.assets[at, FUNDS], state.assets[at, MANDATE]
    amounts = np.floor(shelf.weights(state.held[at]) * funds[:, None]).astype(np.int64)
    largest = amounts.argmax(axis=1)
    amounts[np.arange(len(at)), largest] += funds - amounts.sum(axis=1)
    amounts[:, np.flatnonzero(shelf.mandate)[0]] += mandate
    who, product = np.nonzero(amounts > 0)
    return {
        "client_id": at[who],
        "month": np.full(len(who), clock.month_start(t)),
        "product_id": product.astype(np.int8),
        "amount": amounts[who, product],
    }


def _with_a_fund(shelf: Shelf, held: np.ndarray) -> np.ndarray:
    held[:, FALLBACK] |= ~(held & ~shelf.mandate).any(axis=1)
    return held

"""Which products may be offered to whom: the hard rules, whatever a model says."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Products:
    """Products (p): codes, place of the category in ``categories``, rating 1-5, least assets; nan: not known."""

    codes: tuple[str, ...]
    categories: tuple[str, ...]
    category: npt.NDArray[np.int64]
    rating: Floats
    minimum: Floats


def suitable(rating: Floats, minimum: Floats, tolerance: Floats, assets: Floats) -> Bools:
    """Return which products (p) suit which clients (n), shape (n, p): R <= C, and assets that make him eligible.

    What is not known (a rating, a tolerance, assets, a class of eligibility that the bank's settings do not name) never
    suits: nan compares as false.
    """
    fits = rating[None, :] <= tolerance[:, None]
    return np.asarray(fits & (assets[:, None] >= minimum[None, :]))


def offerable(products: Products, tolerance: Floats, assets: Floats, held: Bools, declined: Bools) -> Bools:
    """Return which products (p) may be offered to which clients (n), shape (n, p).

    ``held`` and ``declined`` (n, categories): who has (or had) something of the category, and who declined an offer of
    it lately.
    """
    found = suitable(products.rating, products.minimum, tolerance, assets)
    return np.asarray(found & ~(held | declined)[:, products.category])


def best_offers(score: Floats, allowed: Bools, products: Products, preference: Floats) -> npt.NDArray[np.int64]:
    """Return the product (its place) to offer each client (n), -1 where nothing may be offered.

    Of the categories of which something is allowed, the one with the highest ``score`` (n, categories); of its allowed
    products the one with the highest ``preference`` (p). Ties go to the first. A score of nan is no reason to offer.
    """
    own = np.where(allowed, np.where(np.isnan(score), -np.inf, score)[:, products.category], -np.inf)
    best = own.max(axis=1, initial=-np.inf)
    top = allowed & (own == best[:, None]) & np.isfinite(best)[:, None]
    # Of two categories with the same score only the first.
    first = np.where(top, products.category[None, :], len(products.categories)).min(
        axis=1, initial=len(products.categories)
    )
    top &= products.category[None, :] == first[:, None]
    place = np.where(top, preference[None, :], -np.inf).argmax(axis=1) if len(products.codes) else first
    return np.where(top.any(axis=1), place, -1)

"""The rule by which a band of a local file is read, by the order of trust, and contradictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..discovery.band_config import Band
from ..errors import InputError, known
from ..raster.facts import BandFacts
from ..types import Radiometry, Unit
from .evidence import NO_SCALE, Evidence
from .product_names import ProposedProduct, ToldProduct, is_sentinel2_band, tell_product
from .products import Product


@dataclass(frozen=True)
class BandRule:
    """How a band's stored numbers become physical, and who says so."""

    radiometry: Radiometry
    evidence: Evidence
    """Of its scale and offset."""
    product: Product | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_unscaled(self) -> bool:
        """Tell whether the stored numbers pass for what they are, unscaled."""
        return self.radiometry.reason == NO_SCALE


@dataclass(frozen=True)
class GivenRule:
    """What the user says of a band."""

    product: Product | None = None
    scale: float | None = None
    offset: float | None = None


def decide_rule(path: Path, stored: BandFacts, band: Band, given: GivenRule) -> BandRule:
    """Scale, offset, nodata and unit of a band: the user's word, else the file's header, else the
    product that its metadata or its name tells.

    Raises
    ------
    InputError
        If the product has no such band, or needs factors that are not there.
    """
    own = stored.radiometry
    if band.is_class:
        return _class_rule(path, own, given.product)
    if given.scale is not None or given.offset is not None:
        return _given_rule(own, band, given)
    told = tell_product(path)
    if given.product is not None:
        told = _asked(given.product, told)
    rule = _told_rule(path, stored, band, told.proposed)
    return replace(rule, warnings=(*told.warnings, *rule.warnings))


def _told_rule(
    path: Path, stored: BandFacts, band: Band, proposed: ProposedProduct | None
) -> BandRule:
    own = stored.radiometry
    by_product = _product_radiometry(path, band, proposed, own.nodata)
    is_stated = own.scale != 1.0 or own.offset != 0.0
    is_asked = proposed is not None and proposed.evidence == Evidence.USER
    if by_product is not None and (is_asked or not is_stated):
        return _by_product(stored, proposed, by_product)
    if is_stated or "int" not in stored.dtype or band.unit != Unit.REFLECTANCE:
        return _by_header(path, stored, band, proposed, by_product)
    return BandRule(replace(own, reason=NO_SCALE), Evidence.NONE)


def _asked(product: Product, told: ToldProduct) -> ToldProduct:
    """The user's product, with the scene's own factors where its metadata has them."""
    proposed = told.proposed
    same = proposed is not None and proposed.product == product
    factors = proposed.factors if proposed is not None and same else {}
    asked = ProposedProduct(product, Evidence.USER, "‘product’", factors)
    # Of metadata that cannot be read only those products suffer that need its factors.
    needed = any(rule.scale is None for rule in product.rules.values())
    return ToldProduct(asked, told.warnings if needed else ())


def _class_rule(path: Path, own: Radiometry, asked: Product | None) -> BandRule:
    """Classes are as they are; only their nodata can be a product's, where the file declares none
    or the user names the product.
    """
    proposed = tell_product(path).proposed if asked is None else None
    product = asked or (proposed.product if proposed is not None else None)
    rule = product.rule(Unit.CLASS) if product else None
    told = rule is not None and rule.nodata is not None and (asked or own.nodata is None)
    nodata = rule.nodata if rule is not None and told else own.nodata
    radiometry = Radiometry(nodata=nodata, unit=Unit.CLASS, reason="classes are not scaled")
    evidence = Evidence.USER if asked and rule else Evidence.ASSUMED
    if proposed is not None and rule is not None:
        evidence = proposed.evidence
    return BandRule(radiometry, evidence, product)


def _given_rule(own: Radiometry, band: Band, given: GivenRule) -> BandRule:
    """The user's own figures."""
    radiometry = replace(
        own,
        scale=own.scale if given.scale is None else given.scale,
        offset=own.offset if given.offset is None else given.offset,
        unit=own.unit or band.unit,
        reason="given for this run",
    )
    return BandRule(radiometry, Evidence.USER)


def _by_product(
    stored: BandFacts, proposed: ProposedProduct | None, radiometry: Radiometry
) -> BandRule:
    """The product's rule; decimal numbers are no stored numbers of a product of whole ones."""
    proposed = known(proposed, "a product's rule comes of its product")
    if proposed.evidence != Evidence.USER and "int" not in stored.dtype:
        return BandRule(
            replace(stored.radiometry, unit=stored.radiometry.unit or radiometry.unit),
            Evidence.HEADER,
        )
    own = stored.radiometry
    warnings: tuple[str, ...] = ()
    if (own.scale, own.offset) not in ((1.0, 0.0), (radiometry.scale, radiometry.offset)):
        warnings = (
            f"The file says scale {own.scale:g} and offset {own.offset:g}, the product "
            f"{proposed.product.name} {radiometry.scale:g} and {radiometry.offset:g}: the product "
            "was taken, as asked",
        )
    return BandRule(radiometry, proposed.evidence, proposed.product, warnings)


def _by_header(
    path: Path,
    stored: BandFacts,
    band: Band,
    proposed: ProposedProduct | None,
    by_product: Radiometry | None,
) -> BandRule:
    """The file's own rule, with a warning where its product has another."""
    own = stored.radiometry
    warnings: tuple[str, ...] = ()
    if by_product is not None and proposed is not None:
        same = abs(own.scale - by_product.scale) <= 1e-6 * abs(by_product.scale) and (
            abs(own.offset - by_product.offset) <= 1e-6
        )
        if not same:
            warnings = (
                f"{path.name} says scale {own.scale:g} and offset {own.offset:g}, and is "
                f"{proposed.product.title} by {proposed.source}, which has {by_product.scale:g} "
                f"and {by_product.offset:g}: the file is believed. Give ‘product’ "
                f"{proposed.product.name} if it is wrong",
            )
    radiometry = replace(own, unit=own.unit or band.unit)
    # Whole numbers of a radar that are to be power are a ground range detected product's amplitude.
    if own.unit == Unit.NONE and band.unit == Unit.POWER and "int" in stored.dtype:
        radiometry = replace(radiometry, unit=Unit.AMPLITUDE)
    product = proposed.product if proposed else None
    return BandRule(radiometry, Evidence.HEADER, product, warnings)


def _product_radiometry(
    path: Path, band: Band, proposed: ProposedProduct | None, nodata: float | None
) -> Radiometry | None:
    """The product's rule for a band; nodata as the file declares it, else as the product says."""
    if proposed is None:
        return None
    product, asked = proposed.product, proposed.evidence == Evidence.USER
    rule = product.rule(band.unit)
    if rule is None:
        if not asked:
            return None
        why = f"{product.title} has no band in {band.unit or 'no unit'}"
        raise InputError(
            f"The product {product.name} cannot be used for '{band.name}'",
            why,
            "Choose another ‘stack.product’, or leave it out.",
        )
    scaling = proposed.factors_of(path)
    if scaling is None and rule.scale is not None:
        scaling = rule.scale, rule.offset
    if scaling is None:
        if not asked:
            return None
        raise InputError(
            f"The product {product.name} cannot be used for '{band.name}'",
            f"its factors are the scene's own, and no MTL file with them lies beside {path.name}",
            "Put the scene's MTL file there, or give ‘scale’ and ‘offset’.",
        )
    declared = rule.nodata if proposed.nodata is None else proposed.nodata
    return Radiometry(
        scale=scaling[0],
        offset=scaling[1],
        nodata=declared if nodata is None else nodata,
        unit=rule.unit,
        reason=f"{product.title}, by {proposed.source}",
    )


def scale_hint(path: Path) -> str:
    """Options that settle a missing scale."""
    if is_sentinel2_band(path):
        return (
            "Give ‘product’ sentinel2-l2a or sentinel2-l2a-old (before processing baseline 04.00), "
            "or ‘scale’ and ‘offset’."
        )
    return "Give ‘product’, such as reflectance-10000, or ‘scale’ and ‘offset’."

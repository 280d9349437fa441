# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge another product that is the firewall, so that Windows' own is off on purpose. Pure."""

from ..facts.firewall import PROFILE_BIT, FirewallFacts, FirewallPolicy
from .judgement import Judgement

# INetFwProduct.RuleCategories: the product owns the firewall itself.
FIREWALL_CATEGORY = 2


def judge_products(judgement: Judgement, facts: FirewallFacts, policy: FirewallPolicy) -> bool:
    """Return whether another product is the firewall, so that Windows' own is off on purpose."""
    profiles = {item.name: item.enabled for item in facts.profiles.value or ()}
    # One that is not reported may be on, or off for another reason.
    if any(profiles.get(name) != "off" for name in PROFILE_BIT):
        return False
    listed = facts.security_center.value
    switched_on = [product for product in listed or () if product.is_on]
    if facts.products.value is None and switched_on:
        # It is no proof that the product runs: entries outlive what they are of. But the profiles
        # may be off on purpose.
        judgement.unread("products", facts.products)
        return True
    registered = facts.products.value or ()
    owners = [product.name for product in registered if FIREWALL_CATEGORY in product.categories]
    switched_off = {
        product.name.casefold() for product in listed or () if not product.is_on and product.name
    }
    owners = [name for name in owners if name.casefold() not in switched_off]
    if not owners:
        return False
    if listed is not None and not switched_on:
        # A product may have another name there.
        judgement.warn(
            "conflicting_evidence", "security_center", observed="none is on", expected=owners
        )
    accepted = [name.casefold() for name in policy.accepted_third_party]
    for name in owners:
        if any(item in name.casefold() for item in accepted):
            judgement.inform("thirdparty_active", name)
        else:
            judgement.warn(
                "thirdparty_firewall",
                name,
                observed=name,
                expected=list(policy.accepted_third_party),
            )
    return True

"""Which drugs a line of the medication list names, and which interaction classes they belong to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

_TABLE: Final = Path(__file__).with_name("drugs.tsv")

_COLUMNS: Final = ("ingredient", "classes", "also", "brands", "atc")

_CLASSES: Final = (
    "baclofen",
    "cns depressant",
    "opioid",
    "morphine",
    "alcohol",
    "benzodiazepine",
    "gabapentinoid",
    "antipsychotic",
    "sedating antihistamine",
    "muscle relaxant",
    "tizanidine",
    "tricyclic",
    "mao inhibitor",
    "lithium",
    "levodopa",
    "antihypertensive",
    "nephrotoxic",
    "antidiabetic",
    "general anaesthetic",
    "neuromuscular blocker",
    "probenecid",
    "anticonvulsant",
)


class Ingredient(Struct, frozen=True):
    """One active substance by its international name, and the interaction classes it belongs to (often none)."""

    name: str
    classes: tuple[str, ...]


class Recognised(Struct, frozen=True):
    """What one text says.  Never both empty: words that name no known drug stand in `unrecognised`, as written."""

    ingredients: tuple[Ingredient, ...]
    unrecognised: tuple[str, ...]


@lru_cache(maxsize=4096)
def recognise(text: str) -> Recognised:
    """Every ingredient that `text` names, and every word of it that is neither a drug, a salt, a form nor a direction.

    A name stands in the table as a whole, or it is not known: nothing is concluded from a beginning or a likeness.
    A text without any known drug is handed back whole.

    >>> found = recognise("Acetaminophen 325 MG / oxyCODONE Hydrochloride 5 MG Oral Tablet")
    >>> [each.name for each in found.ingredients], found.unrecognised
    (['paracetamol', 'oxycodone'], ())
    >>> recognise("tizanidine 4 mg + frobnicol 10 mg").unrecognised
    ('frobnicol 10 mg',)
    """
    folded, origin = _fold(text)
    known: dict[str, Ingredient] = {}
    unknown: list[tuple[int, int]] = []
    for part in _parts(_bits(folded)):
        named, strange = _judge(part)
        for each in named:
            known[each.name] = each
        unknown += strange
    if not known:
        return Recognised((), (text,))
    if origin is not None:
        unknown = [(origin[start], origin[end - 1] + 1) for start, end in unknown]
    return Recognised(tuple(known.values()), tuple(text[start:end] for start, end in unknown))


def classes() -> tuple[str, ...]:
    """The closed list of interaction classes."""
    return _CLASSES


def read(lines: Iterable[str]) -> dict[str, tuple[Ingredient, ...]]:
    """The table of drugs: from every name, folded, to its ingredients.

    A line that breaks a rule of the table is refused with its number: an unknown class, a name that stands twice,
    a combination of ingredients that have no line of their own.
    """
    names: dict[str, tuple[Ingredient, ...]] = {}
    single: dict[str, tuple[Ingredient, ...]] = {}
    combined: list[tuple[int, str, list[str]]] = []
    known = frozenset(_CLASSES)
    everyday = _SAID | _JOINS | _DENIALS | {""}

    def enter(number: int, spellings: Iterable[str], ingredients: tuple[Ingredient, ...]) -> None:
        for spelling in spellings:
            key = _key(spelling)
            if key in everyday:
                raise ValueError(f"drugs.tsv, line {number}: '{spelling}' is an everyday word, not the name of a drug")
            if key in names:
                raise ValueError(f"drugs.tsv, line {number}: '{spelling}' stands twice")
            names[key] = ingredients

    header = True
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        if header:
            if tuple(line.split()) != _COLUMNS:
                raise ValueError(f"drugs.tsv, line {number}: '{line}' is not the header; write {', '.join(_COLUMNS)}")
            header = False
            continue
        columns = line.rstrip("\r\n").split("\t")
        if len(columns) != 5:
            raise ValueError(f"drugs.tsv, line {number}: {len(columns)} columns; write {', '.join(_COLUMNS)}")
        name, tags, also, brands, _ = columns
        spellings = [each for each in f"{also};{brands}".split(";") if each]
        if " + " in name:
            if tags:
                raise ValueError(f"drugs.tsv, line {number}: a combination has no classes; leave '{tags}' out")
            combined.append((number, name, spellings))
            continue
        found = tuple(filter(None, tags.split(";")))
        if not known.issuperset(found):
            raise ValueError(f"drugs.tsv, line {number}: '{tags}' is not in the list of classes; see classes()")
        single[name] = ingredients = (Ingredient(name, found),)
        enter(number, (name, *spellings), ingredients)
    written: set[frozenset[str]] = set()
    for number, name, spellings in combined:
        members = name.split(" + ")
        if missing := [each for each in members if each not in single]:
            raise ValueError(f"drugs.tsv, line {number}: '{missing[0]}' has no line of its own")
        if frozenset(members) in written:
            raise ValueError(f"drugs.tsv, line {number}: '{name}' stands twice")
        written.add(frozenset(members))
        enter(number, spellings, tuple(single[each][0] for each in members))
    return names


# How two words stand to each other: side by side, joined by a hyphen, apart by a comma, or on two sides of a slash.
_BESIDE, _HYPHEN, _COMMA, _BREAK = range(4)


class _Bit(NamedTuple):
    """A stretch of the text that means one thing: a drug, a salt, something said about it, or nothing we know."""

    kind: str
    start: int
    end: int
    gap: int
    ingredients: tuple[Ingredient, ...] = ()


def _judge(part: Sequence[_Bit]) -> tuple[list[Ingredient], list[tuple[int, int]]]:
    """The ingredients that one part of a combination names, and the stretches of it that nobody understood."""
    named: list[Ingredient] = []
    salts: list[Ingredient] = []
    strange: list[tuple[int, int]] = []
    salted = False
    last = ""
    for bit in part:
        kind = bit.kind
        if last == "denial":  # 'no alcohol', 'stopped oxycodone': what follows names nothing that is taken
            kind = "denial"
        elif kind == "drug" and bit.gap == _HYPHEN and last == "strange":
            kind = "strange"  # 'frobnicol-codeine' may be another substance than codeine
        if kind == "drug":
            named += bit.ingredients
        elif kind == "salt":
            salts += bit.ingredients
            salted = True
        elif kind in ("strange", "denial"):
            if last in ("strange", "denial"):
                strange[-1] = (strange[-1][0], bit.end)
            else:
                strange.append((bit.start, bit.end))
        last = kind
    if named:
        return named, strange
    if salts and not strange:
        return salts, []
    if strange or salted:
        return [], [(part[0].start, part[-1].end)]
    return [], []


def _parts(bits: Sequence[_Bit]) -> Iterator[Sequence[_Bit]]:
    """The parts of a combination: what stands between slashes, commas, brackets and joining words."""
    part: list[_Bit] = []
    plus: _Bit | None = None
    for bit in bits:
        if plus is not None:
            if bit.kind == "said":  # 'Micardis Plus 80 mg': the name of another product, not a joining word
                part.append(plus._replace(kind="strange"))
            else:
                yield part
                part = []
            plus = None
        if bit.kind == "plus":
            plus = bit
        elif bit.kind == "join":
            yield part
            part = []
        elif bit.gap >= _COMMA and part:
            yield part
            part = [bit]
        else:
            part.append(bit)
    if plus is not None:
        part.append(plus._replace(kind="strange"))
    yield part


def _bits(folded: str) -> list[_Bit]:
    """The text as bits, the longest name first."""
    names, sizes = _known()
    pieces = _WORD.split(folded)  # what stands between, a word, what stands between, a word, ...
    places = list(accumulate(map(len, pieces)))
    words = pieces[1::2]
    gaps = list(map(_gap, pieces[::2]))
    if "'" in folded:
        words = [word.replace("'", "") for word in words]
    bits: list[_Bit] = []
    at, count = 0, len(words)
    while at < count:
        word = words[at]
        size = 1
        ingredients = names.get(word)
        for tried in sizes.get(word, ()):
            if at + tried <= count and max(gaps[at + 1 : at + tried]) < _BREAK:
                longer = names.get(" ".join(words[at : at + tried]))
                if longer is not None:
                    size, ingredients = tried, longer
                    break
        if ingredients:
            # In 'penicillin V potassium' and 'dexamethasone sodium phosphate' the salt is not a second drug.
            salt = word in _SALTS and all(each in _SALTS for each in words[at : at + size])
            kind = "salt" if salt and not any(each.classes for each in ingredients) else "drug"
        elif ingredients is not None or word in _SAID or word[0].isdigit():
            kind = "said"
        elif word in _SALTS:
            kind = "salt"
        elif word in _JOINS:
            kind = "plus" if word == "plus" else "join"
        elif word in _DENIALS:
            kind = "denial"
        elif at and word in _UNITS and (gaps[at] == _BREAK or words[at - 1][0].isdigit()):
            kind = "said"  # '8 pm' and 'mcg/h', but Tylenol PM and Claritin D are other products
        else:
            kind = "strange"
        end = at + size
        if kind == "said" and gaps[at] < _COMMA and bits and bits[-1].kind == "drug":
            at = end  # nothing hangs on strength and directions behind a drug, and they are most of the text
            continue
        bits.append(_Bit(kind, places[2 * at], places[2 * end - 1], gaps[at], ingredients or ()))
        at = end
    return bits


_WORD: Final = re.compile(r"([^\W\d_][\w']*|\d+(?:[.,]\d+)*)")


@cache
def _known() -> tuple[dict[str, tuple[Ingredient, ...]], dict[str, tuple[int, ...]]]:
    """The table by name, and for the first word of every longer name how many words to try, most first."""
    names = read(_TABLE.read_text("utf-8").splitlines())
    names.update(dict.fromkeys(_PHRASES, ()))
    sizes: dict[str, set[int]] = {}
    for name in names:
        if " " in name:
            sizes.setdefault(name[: name.index(" ")], set()).add(name.count(" ") + 1)
    return names, {first: tuple(sorted(found, reverse=True)) for first, found in sizes.items()}


def _key(spelling: str) -> str:
    """A name as the table knows it: small letters, no accents, single spaces.

    >>> _key("Ortho Tri-Cyclen"), _key("Téralithe"), _key("St John's wort")
    ('ortho tri cyclen', 'teralithe', 'st johns wort')
    """
    low = spelling.lower()
    if low.isascii():  # nearly all are plain words, and the regular expression is slow
        if low.isalpha():
            return low
        low = low.replace("-", " ").replace("'", "")
        if low.replace(" ", "").isalpha():
            return low
    return " ".join(_WORD.findall(_fold(low)[0].replace("'", "")))


def _fold(text: str) -> tuple[str, list[int] | None]:
    """The text without capitals, accents and invisible characters; and where each character stood, if that moved."""
    if text.isascii():
        return text.lower(), None
    folded: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        if character in "\u00ae\u2122\u2120":
            parts = " "
        elif character in "\u2019\u02bc\u00b4`":
            parts = "'"
        else:
            parts = unicodedata.normalize("NFKD", character.casefold())
        for each in parts:
            if unicodedata.category(each) not in ("Mn", "Cf"):
                folded.append(each)
                origin.append(place)
    return "".join(folded), origin


@lru_cache(maxsize=1024)
def _gap(between: str) -> int:
    """What stands between two words."""
    marks = set(between) - _QUIET
    if not marks:
        return _BESIDE
    if len(between) == 1 and marks <= _HYPHENS:
        return _HYPHEN
    return _COMMA if marks <= _HYPHENS | {",", ":"} else _BREAK


_HYPHENS: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")
_QUIET: Final = frozenset(" \t\u00a0.\"'#*%<>=~")

# Words that stand beside a drug and name none.  Left out on purpose, so that they are reported: what makes another
# product of a brand (PM, HCT, Plus, Extra, Max, Night, Duo, Comp, Co, DM, AC), most single letters, MS, which is
# multiple sclerosis, morphine or magnesium, and Apo-, because of apo-morphine.
_STRENGTHS = """
    mg gm gram grams kg mcg ug \u03bcg ng ml dl cl cc litre litres liter liters unt unit units iu ie ui meq mmol mol
    mosm bau mci nmol percent hr hrs hour hours min minute minutes actuat actuation actuations million billion
    milligram milligrams microgram micrograms millilitre millilitres milliliter milliliters w v
"""
_FORMS = """
    tablet tablets tab tabs caplet caplets capsule capsules cap caps pill pills softgel softgels lozenge lozenges
    troche troches wafer wafers film films strip strips gum chewing powder powders granule granules sachet sachets
    solution suspension syrup elixir liquid drop drops drink drinks linctus tincture emulsion concentrate mixture
    infusion injection injections injectable inj vial vials ampoule ampoules ampule ampules amp amps syringe
    syringes prefilled pre filled pen pens autoinjector injector cartridge cartridges flexpen flextouch kwikpen
    solostar penfill pump cream ointment gel lotion foam paste shampoo spray sprays aerosol inhaler inhalers
    inhalation inhalant nebuliser nebulizer nebules nebule respules diskus ellipta turbohaler turbuhaler respimat
    handihaler evohaler accuhaler hfa dpi mdi patch patches transdermal system plaster plasters implant implants
    device ring rings insert inserts suppository suppositories pessary pessaries enema enemas kit pack packs package
    blister bottle bottles box tube tubes bag bags dose doses metered measured single multi multidose calendar glass
    glasses pint pints can cans shot shots cup cups tablette tabletten tabl tbl filmtablette filmtabletten filmtabl
    retardtabletten retardtabl kapsel kapseln hartkapseln kaps retardkaps drag tropfen tropf losung los
    injektionslosung salbe creme zapfchen pflaster spritze ampulle ampullen stechamp brausetabletten brausetabl
    schmelztabletten schmelztabl lacktabl granulat pulver sirup susp sol supp stuck stk comprime comprimes cp cpr
    gelule gelules sirop gouttes gtt solute pommade suppositoire suppositoires
"""
_MAKES = """
    monohydrate hemihydrate dihydrate trihydrate hydrate anhydrous macrocrystals macrocrystalline extended release
    modified prolonged delayed controlled sustained immediate slow quick rapid acting long short er xr xl sr mr cr
    ir dr la ec lp enteric coated gastro gastroresistant resistant uncoated chewable effervescent dispersible
    orodispersible orally disintegrating odt dry soluble sublingual buccal scored abuse deterrent retard retardiert
    ret depot preservative sterile concentrated diluted reconstituted lyophilised lyophilized generic brand branded
    name human recombinant synthetic purified natural biosimilar micronised micronized liposomal liposome usp bp
    auto porcine bovine equine drug strength standard regular double low high medium mix acute
    teva sandoz mylan viatris ratiopharm hexal stada aliud mepha actavis zentiva aurobindo accord neuraxpharm
    heumann spirig helvepharm biogaran arrow cristers pfizer novartis bayer roche sanofi apotex pms jamp betapharm
    abz desitin glenmark lupin cipla zydus amneal greenstone almus axcount streuli
"""
_ROUTES = """
    oral po peroral peros mouth enteral intravenous iv intramuscular im subcutaneous sc subcut sq intrathecal it
    epidural topical topically skin cutaneous ophthalmic eye eyes ocular otic ear ears nasal nose rectal rectally
    vaginal vaginally intrauterine intravesical intradermal intraarticular inhaled dental mucosal oromucosal
    urethral nasogastric tongue under left right both nostril nostrils arm leg knee abdomen
"""
_DIRECTIONS = """
    a an the of in at on per by to up as from for until till then every each other alternate one two three four five
    six seven eight nine ten twelve half quarter once twice thrice time times x day days daily nightly week weeks
    weekly biweekly fortnight fortnightly month months monthly year years yearly annually morning mornings noon
    midday lunch lunchtime dinner breakfast afternoon evening evenings bedtime bed hs qhs qam qpm before after
    during meal meals food od om bd bid td tds tid qd qds qid qod eod prn sos stat repeat mane nocte needed required
    necessary directed prescribed continuous continuously since started start taken take takes taking give given use
    uses using used apply applied inhale inject swallow puff puffs maximum minimum about approximately around
    usually now currently current ongoing regularly occasional occasionally sometimes dosage total rate q1h q2h q3h
    q4h q6h q8h q12h q24h q4 q6 q8 q12 monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri
    sat sun january february march april may june july august september october november december taglich morgens
    mittags abends nachts pro tag bei bedarf jour jours matin midi soir fois si besoin pain spasm spasms spasticity
"""
_SAID: Final = frozenset(" ".join((_STRENGTHS, _FORMS, _MAKES, _ROUTES, _DIRECTIONS)).split())

# Said only right after a number or a slash; elsewhere these too make another product of a brand.
_UNITS: Final = frozenset({"am", "pm", "g", "l", "h", "d", "u"})

# Salts and esters.  Some are drugs too, when they stand alone: calcium, potassium, zinc.
_SALT_WORDS = """
    acetate acetonide aceponate arginine aspartate axetil benzathine benzoate besilate besylate betadex bisulfate
    bitartrate bromide butyrate calcium camsilate camsylate caproate carbonate chloride cilexetil citrate cypionate
    decanoate diacetate dihydrochloride dimeglumine diphosphate dipotassium dipropionate disodium edisylate embonate
    enantate enanthate epolamine erbumine estolate esylate ethanolate etexilate ethylsuccinate fosamil fumarate
    furoate gluconate glucuronate glycinate hemifumarate hexanoate hippurate hbr hcl hyclate hydrobromide
    hydrochloride hydrogen hydroxide iodide isethionate lactate lactobionate lysine magnesium malate maleate
    mandelate marboxil medoxomil meglumine mesilate mesylate methylsulfate mofetil mononitrate napsylate nicotinate
    nitrate octanoate olamine oleate orotate oxalate oxide palmitate pamoate phosphate pidolate pivalate pivoxil
    polistirex potassium proxetil propionate resinate saccharate sodium stearate succinate sulfate sulphate tannate
    tartrate teoclate tert butylamine tosilate tosylate trihydrochloride trisodium trometamol tromethamine
    undecanoate valerate xinafoate zinc natrium kalium hydrochlorid hydrobromid sulfat maleat tartrat phosphat
    acetat citrat fumarat succinat mesilat besilat chlorhydrate bromhydrate sodique potassique calcique
"""
_SALTS: Final = frozenset(_SALT_WORDS.split())

_JOINS: Final = frozenset({"and", "with", "plus", "or", "und", "mit", "oder", "et", "avec", "ou"})

# What follows one of these is not taken.  'Allergy to' is not among them: an allergy list is read by the same function.
_DENIAL_WORDS = """
    no not non nor none nil never denies denied without avoid avoids avoiding stop stops stopped discontinued
    declined declines refuses refused off former formerly previous previously ex anti kein keine ohne pas sans
"""
_DENIALS: Final = frozenset(_DENIAL_WORDS.split())

_PHRASES: Final = (
    "sugar free",
    "lactose free",
    "gluten free",
    "alcohol free",
    "dye free",
    "latex free",
    "preservative free",
    "extra strength",
    "maximum strength",
    "double strength",
    "at night",
    "every night",
    "each night",
    "for sleep",
    "ready to use",
)

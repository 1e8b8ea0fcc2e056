"""Names as charts and records carry them, and the classes that a pharmacist expects of them."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import pytest

from eutonia.knowledge import drugs
from eutonia.knowledge.drugs import Ingredient, Recognised, recognise

BUNDLES = Path(__file__).parents[3] / "shared" / "ehr" / "patients"
TABLE = Path(drugs.__file__).with_name("drugs.tsv")


def names(text: str) -> list[str]:
    return [each.name for each in recognise(text).ingredients]


def tags(text: str) -> set[str]:
    return {tag for each in recognise(text).ingredients for tag in each.classes}


def rows() -> list[dict[str, str]]:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


# One line a class: members by INN, USAN, BAN, German or French spelling, and brand.
MEMBERS = {
    "baclofen": "baclofen; arbaclofen; Lioresal; Gablofen; Ozobax; Lyvispah; Fleqsuvy; baclofène; Baclofen-neuraxpharm 10 mg",
    "cns depressant": (
        "zolpidem; zopiclone; eszopiclone; zaleplon; suvorexant; daridorexant; clomethiazole; chloral hydrate; meprobamate; "
        "phenobarbital; primidone; butalbital; trazodone; mirtazapine; mianserin; sodium oxybate; Xyrem; Xywav; dronabinol; "
        "nabilone; nabiximols; Sativex; cannabis; clonidine; moxonidine; methyldopa; dexmedetomidine; carbamazepine; "
        "valproate; topiramate; phenytoin; levetiracetam; perampanel; cannabidiol; thalidomide; tetrabenazine; ziconotide; "
        "esketamine; ketamine; propofol; metoclopramide; scopolamine; pizotifen; flunarizine; cetirizine; lofexidine; "
        "dextromethorphan; nefopam; pramipexole; ropinirole; rotigotine; valerian; kava; wine; tizanidine; diazepam"
    ),
    "opioid": (
        "morphine; codeine; dihydrocodeine; oxycodone; hydrocodone; hydromorphone; oxymorphone; fentanyl; sufentanil; "
        "alfentanil; remifentanil; methadone; levomethadone; buprenorphine; butorphanol; nalbuphine; pentazocine; tramadol; "
        "tapentadol; tilidine; piritramide; pethidine; meperidine; diamorphine; levorphanol; meptazinol; opium; Demerol; "
        "Palexia; Suboxone; Percocet; Vicodin; Ultracet; co-codamol; co-dydramol; Targin; Lomotil; Oxycodon; Morphin"
    ),
    "morphine": "morphine; MS Contin; MST Continus; Sevredol; Oramorph; Kadian; Zomorph; opium tincture; Morphin",
    "alcohol": "alcohol; ethanol; wine; beer; red wine; whisky; vodka; Alkohol; alcool",
    "benzodiazepine": (
        "diazepam; lorazepam; clonazepam; alprazolam; midazolam; temazepam; oxazepam; bromazepam; clobazam; nitrazepam; "
        "flunitrazepam; flurazepam; lormetazepam; chlordiazepoxide; clorazepate; triazolam; prazepam; tetrazepam; "
        "estazolam; quazepam; brotizolam; remimazolam; nordazepam; Valium; Temesta; Tavor; Klonopin; Rivotril; Librax"
    ),
    "gabapentinoid": "gabapentin; pregabalin; mirogabalin; gabapentin enacarbil; Neurontin; Lyrica; Horizant; prégabaline",
    "antipsychotic": (
        "haloperidol; chlorpromazine; levomepromazine; olanzapine; quetiapine; risperidone; paliperidone; clozapine; "
        "aripiprazole; brexpiprazole; cariprazine; lurasidone; ziprasidone; amisulpride; sulpiride; tiapride; pipamperone; "
        "melperone; flupentixol; zuclopenthixol; fluphenazine; perphenazine; prochlorperazine; droperidol; pimozide; "
        "loxapine; asenapine; iloperidone; pimavanserin; Seroquel; Zyprexa; Risperdal; Dipiperon; Symbyax"
    ),
    "sedating antihistamine": (
        "diphenhydramine; dimenhydrinate; doxylamine; chlorphenamine; chlorpheniramine; promethazine; hydroxyzine; "
        "clemastine; cyproheptadine; alimemazine; ketotifen; meclizine; cyclizine; cinnarizine; dimetindene; triprolidine; "
        "Benadryl; Nytol; Atarax; Phenergan; NyQuil; Tylenol PM; Advil PM"
    ),
    "muscle relaxant": (
        "tizanidine; dantrolene; cyclobenzaprine; methocarbamol; carisoprodol; orphenadrine; metaxalone; chlorzoxazone; "
        "tolperisone; eperisone; pridinol; thiocolchicoside; mephenesin; tetrazepam; Zanaflex; Sirdalud; Flexeril; Ortoton; "
        "Mydocalm; Soma; Dantrium"
    ),
    "tizanidine": "tizanidine; Zanaflex; Sirdalud; Tizanidin; tizanidine 4 mg tablets",
    "tricyclic": (
        "amitriptyline; nortriptyline; imipramine; desipramine; clomipramine; doxepin; trimipramine; dosulepin; dothiepin; "
        "lofepramine; protriptyline; opipramol; maprotiline; amoxapine; Saroten; Anafranil; Surmontil; Limbitrol"
    ),
    "mao inhibitor": (
        "phenelzine; tranylcypromine; isocarboxazid; moclobemide; selegiline; rasagiline; safinamide; linezolid; "
        "methylene blue; Nardil; Parnate; Azilect; Aurorix"
    ),
    "lithium": "lithium; lithium carbonate; lithium citrate; Priadel; Lithobid; Quilonum retard; Quilonorm; Téralithe",
    "levodopa": "levodopa; L-dopa; co-careldopa; co-beneldopa; Sinemet; Madopar; Stalevo; Duodopa; Rytary; Vyalev; Inbrija",
    "antihypertensive": (
        "lisinopril; enalapril; ramipril; perindopril; captopril; losartan; valsartan; candesartan; irbesartan; telmisartan; "
        "olmesartan; metoprolol; bisoprolol; propranolol; atenolol; carvedilol; nebivolol; labetalol; sotalol; amlodipine; "
        "nifedipine; lercanidipine; verapamil; diltiazem; nimodipine; hydrochlorothiazide; chlorthalidone; indapamide; "
        "furosemide; torsemide; bumetanide; spironolactone; eplerenone; amiloride; triamterene; doxazosin; prazosin; "
        "terazosin; tamsulosin; urapidil; clonidine; guanfacine; methyldopa; moxonidine; hydralazine; minoxidil; aliskiren; "
        "Entresto; Exforge; Exforge HCT; Micardis Plus; Co-Diovan; BiDil; Caduet; Cosopt"
    ),
    "nephrotoxic": (
        "ibuprofen; naproxen; diclofenac; ketorolac; indomethacin; meloxicam; piroxicam; celecoxib; etoricoxib; "
        "mefenamic acid; ketoprofen; aspirin 500 mg; acetylsalicylic acid; gentamicin; tobramycin; amikacin; lisinopril; "
        "ramipril; losartan; valsartan; ciclosporin; cyclosporine; tacrolimus; vancomycin; amphotericin B; cisplatin; "
        "tenofovir disoproxil; Truvada; Advil; Voltaren; Celebrex; Vimovo; Excedrin"
    ),
    "antidiabetic": (
        "insulin; insulin glargine; NPH insulin; regular insulin; Lantus; NovoRapid; metformin; glyburide; glibenclamide; "
        "gliclazide; glimepiride; glipizide; sitagliptin; linagliptin; empagliflozin; dapagliflozin; semaglutide; "
        "liraglutide; tirzepatide; pioglitazone; repaglinide; acarbose; Ozempic; Janumet; Jardiance; Xultophy"
    ),
    "general anaesthetic": (
        "propofol; etomidate; ketamine; esketamine; thiopental; methohexital; sevoflurane; desflurane; isoflurane; "
        "halothane; nitrous oxide; Entonox; Diprivan"
    ),
    "neuromuscular blocker": (
        "suxamethonium; succinylcholine; rocuronium; vecuronium; pancuronium; atracurium; cisatracurium; mivacurium; Nimbex"
    ),
    "probenecid": "probenecid; Santuril; Col-Probenecid",
    "anticonvulsant": (
        "carbamazepine; oxcarbazepine; eslicarbazepine; valproic acid; sodium valproate; divalproex; phenytoin; fosphenytoin; "
        "lamotrigine; levetiracetam; brivaracetam; lacosamide; topiramate; zonisamide; perampanel; cenobamate; vigabatrin; "
        "ethosuximide; phenobarbital; primidone; clobazam; clonazepam; gabapentin; pregabalin; felbamate; rufinamide; "
        "stiripentol; Tegretol; Keppra; Depakote; Lamictal; Epidiolex"
    ),
}

# And the other way: drugs that look as if they belonged, and do not.
STRANGERS = {
    "baclofen": "tizanidine; bacitracin; valsartan",
    "cns depressant": (
        "baclofen; melatonin; loratadine; fexofenadine; naloxone; naltrexone; loperamide; fluoxetine; sertraline; bupropion; "
        "methylphenidate; modafinil; caffeine; paracetamol; ibuprofen; ondansetron; domperidone; lidocaine; botulinum toxin; "
        "rocuronium; butylscopolamine; fampridine; interferon beta-1a; oxybutynin; cetostearyl alcohol; lamotrigine"
    ),
    "opioid": "naloxone; naltrexone; methylnaltrexone; loperamide; clonidine; apomorphine; dextromethorphan",
    "morphine": "oxycodone; apomorphine; hydromorphone; codeine",
    "alcohol": "cetostearyl alcohol; isopropyl alcohol; benzyl alcohol; polyvinyl alcohol; wool alcohols; alcohol-free beer",
    "benzodiazepine": "zolpidem; zopiclone; flumazenil; buspirone; carbamazepine",
    "gabapentinoid": "baclofen; vigabatrin; tiagabine",
    "antipsychotic": "lithium; metoclopramide; promethazine; domperidone",
    "sedating antihistamine": "loratadine; desloratadine; fexofenadine; bilastine; cetirizine; famotidine",
    "muscle relaxant": "botulinum toxin; Botox; rocuronium; suxamethonium; diazepam; gabapentin",
    "tizanidine": "clonidine; dantrolene; cyclobenzaprine",
    "tricyclic": "mirtazapine; trazodone; cyclobenzaprine; venlafaxine; carbamazepine",
    "mao inhibitor": "entacapone; tolcapone; isoniazid; sertraline; amantadine",
    "lithium": "lithium succinate; valproate; lansoprazole",
    "levodopa": "carbidopa; entacapone; pramipexole; levothyroxine; levocetirizine; methyldopa; levodropropizine",
    "antihypertensive": "nitroglycerin; isosorbide mononitrate; midodrine; tizanidine; sildenafil; acetazolamide",
    "nephrotoxic": "aspirin 81 mg; aspirin 75 mg; Aspirin Cardio; paracetamol; hydrochlorothiazide; metformin; amlodipine",
    "antidiabetic": "glucagon; glucose; levothyroxine; glucosamine",
    "general anaesthetic": "lidocaine; midazolam; dexmedetomidine; fentanyl; nitroglycerin",
    "neuromuscular blocker": "dantrolene; botulinum toxin; neostigmine; sugammadex; baclofen",
    "probenecid": "allopurinol; colchicine",
    "anticonvulsant": "baclofen; diazepam; piracetam; lithium; acetazolamide; gabapentin enacarbil",
}


@pytest.mark.hazard("H22")
@pytest.mark.parametrize("tag", MEMBERS)
def test_every_known_member_carries_its_class(tag: str) -> None:
    missing = [name for name in MEMBERS[tag].split("; ") if tag not in tags(name)]
    assert missing == []


@pytest.mark.hazard("H22")
@pytest.mark.parametrize("tag", STRANGERS)
def test_a_drug_that_only_looks_like_a_member_does_not_carry_the_class(tag: str) -> None:
    wrong = [name for name in STRANGERS[tag].split("; ") if tag in tags(name) or not recognise(name).ingredients]
    assert wrong == []


def test_the_two_lists_speak_of_every_class_and_no_other() -> None:
    assert set(MEMBERS) == set(STRANGERS) == set(drugs.classes())


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("opioid", "cns depressant"),
        ("morphine", "opioid"),
        ("alcohol", "cns depressant"),
        ("benzodiazepine", "cns depressant"),
        ("gabapentinoid", "cns depressant"),
        ("antipsychotic", "cns depressant"),
        ("sedating antihistamine", "cns depressant"),
        ("muscle relaxant", "cns depressant"),
        ("tizanidine", "muscle relaxant"),
        ("tricyclic", "cns depressant"),
        ("general anaesthetic", "cns depressant"),
    ],
)
def test_who_is_in_the_inner_class_is_in_the_outer(inner: str, outer: str) -> None:
    table = [(row["ingredient"], row["classes"].split(";")) for row in rows()]
    assert [name for name, found in table if inner in found and outer not in found] == []


def test_a_blocker_at_the_muscle_is_no_depressant_of_the_brain() -> None:
    for row in rows():
        if "neuromuscular blocker" in row["classes"]:
            assert row["classes"] == "neuromuscular blocker", row["ingredient"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oxycodone", "oxycodone"),
        ("OxyContin", "oxycodone"),
        ("Acetaminophen 325 MG / oxyCODONE Hydrochloride 5 MG Oral Tablet", "paracetamol; oxycodone"),
        ("Carbamazepine[Tegretol]", "carbamazepine"),
        (
            "insulin human, isophane 70 UNT/ML / Regular Insulin, Human 30 UNT/ML Injectable Suspension [Humulin]",
            "insulin human",
        ),
        ("0.65 ML medroxyprogesterone acetate 160 MG/ML Prefilled Syringe", "medroxyprogesterone"),
        (
            "60 ACTUAT Fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT Dry Powder Inhaler",
            "fluticasone; salmeterol",
        ),
        ("Yaz 28 Day Pack", "ethinylestradiol; drospirenone"),
        ("Mirena 52 MG Intrauterine System", "levonorgestrel"),
        ("co-codamol 30/500", "codeine; paracetamol"),
        ("tizanidine 4 mg tablets", "tizanidine"),
        ("oxycodone 5 mg four times a day", "oxycodone"),
        ("Sirdalud MR Kaps 6 mg", "tizanidine"),
        ("TIZANIDIN Mepha Tabl 4 mg", "tizanidine"),
        ("hydrocodone-acetaminophen 5-325 mg tab", "hydrocodone; paracetamol"),
        ("fentanyl patch 25 mcg/h every 72 h", "fentanyl"),
        ("tramadol 50 mg at 8 pm", "tramadol"),
        ("Penicillin V Potassium 250 MG Oral Tablet", "phenoxymethylpenicillin"),
        ("dexamethasone sodium phosphate 4 mg/ml", "dexamethasone"),
        ("potassium chloride 600 mg", "potassium"),
        ("Vitamin B 12 5 MG/ML Injectable Solution", "cyanocobalamin"),
        ("Estrogens, Conjugated (USP) 0.625 MG Oral Tablet", "estrogens conjugated"),
        ("St. John’s wort 300 mg", "hypericum"),  # noqa: RUF001
        ("interferon beta-1a 30 mcg weekly", "interferon beta-1a"),
        ("pethidine", "pethidine"),
        ("Meperidine Hydrochloride 50 MG Oral Tablet", "pethidine"),
        ("albuterol", "salbutamol"),
        ("warfarin, potassium", "warfarin; potassium"),
        ("paracetamol sugar free oral suspension", "paracetamol"),
        ("3 glasses of wine a day", "alcohol"),
    ],
)
def test_a_text_yields_all_its_ingredients_and_leaves_nothing_over(text: str, expected: str) -> None:
    assert names(text) == expected.split("; ")
    assert recognise(text).unrecognised == ()


@pytest.mark.parametrize(
    ("brand", "expected"),
    [
        ("Percocet", "paracetamol; oxycodone"),
        ("Tylenol 3", "paracetamol; codeine"),
        ("Tylenol #3", "paracetamol; codeine"),
        ("Tylenol with codeine #3", "paracetamol; codeine"),
        ("Vicodin", "paracetamol; hydrocodone"),
        ("Stalevo", "levodopa; carbidopa; entacapone"),
        ("Sinemet 25-100", "levodopa; carbidopa"),
        ("Madopar 125 CR", "levodopa; benserazide"),
        ("Entresto", "sacubitril; valsartan"),
        ("Exforge HCT", "valsartan; amlodipine; hydrochlorothiazide"),
        ("Fioricet", "butalbital; paracetamol; caffeine"),
        ("Sativex", "dronabinol; cannabidiol"),
        ("NuvaRing 0.12/0.015 MG per 24HR 21 Day Vaginal Ring", "ethinylestradiol; etonogestrel"),
        ("Natazia 28 Day Pack", "estradiol; dienogest"),
    ],
)
def test_a_combination_by_brand_gives_every_ingredient(brand: str, expected: str) -> None:
    assert set(names(brand)) == set(expected.split("; "))
    assert recognise(brand).unrecognised == ()


@pytest.mark.hazard("H22")
@pytest.mark.parametrize(
    "text",
    [
        "frobnicol 10 mg",
        "no others",
        "none",
        "",
        " ",
        "MS",
        "once a day",
        "takes it once a day with food",
        "10 mg",
        "tartrate",
        "no alcohol",
        "denies alcohol",
        "stopped oxycodone",
        "blood pressure tablets",
        "water tablets",
        "unknown",
        "apo-morphine",
        "dihydro-morphinol",
        "non-aspirin pain reliever",
    ],
)
def test_a_text_that_names_no_drug_taken_is_handed_back_whole(text: str) -> None:
    assert recognise(text) == Recognised((), (text,))


@pytest.mark.hazard("H22")
@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("tizanidine 4 mg / frobnicol 10 mg", "frobnicol 10 mg"),
        ("frobnicol 10 mg / tizanidine 4 mg", "frobnicol 10 mg"),
        ("tizanidine + frobnicol", "frobnicol"),
        ("tizanidine and Frobnicol", "Frobnicol"),
        ("tizanidine frobnicol 4 mg", "frobnicol"),
        ("tizanidine [Frobnicol]", "Frobnicol"),
        ("tizanidine, no alcohol", "no alcohol"),
        ("tizanidine-frobnicol", "frobnicol"),
        ("Mucinex D", "D"),
        ("Tylenol Nighttime", "Nighttime"),
        ("enalapril Plus 20 mg", "Plus"),
        ("enalapril comp", "comp"),
        ("Robitussin AC", "AC"),
        ("aspirin / acetate", "acetate"),
    ],
)
def test_a_word_that_nobody_understood_is_named_beside_the_drug(text: str, over: str) -> None:
    found = recognise(text)
    assert found.ingredients
    assert found.unrecognised == (over,)


def test_aspirin_for_the_heart_is_told_from_aspirin_for_pain_by_its_strength() -> None:
    for heart in ("Aspirin 81 MG Oral Tablet", "aspirin 75 mg", "acetylsalicylic acid 100 mg", "ASS 100", "Kardégic"):
        assert recognise(heart).ingredients == (Ingredient("low-dose aspirin", ()),)
    for pain in ("aspirin", "aspirin 325 mg", "aspirin 500 mg", "aspirin 810 mg"):
        assert recognise(pain).ingredients == (Ingredient("aspirin", ("nephrotoxic",)),)


def test_an_allergy_text_names_its_drug() -> None:
    assert names("Allergy to baclofen") == ["baclofen"]


def test_all_medication_texts_of_the_real_bundles_are_recognised() -> None:
    if not BUNDLES.is_dir():
        pytest.skip(f"the shared patient bundles are not here: {BUNDLES}")
    texts = set()
    for path in BUNDLES.glob("*.json.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for entry in json.load(file)["entry"]:
                if entry["resource"]["resourceType"] == "MedicationRequest":
                    texts.add(entry["resource"]["medicationCodeableConcept"]["text"])
    assert len(texts) == 42
    assert {text: recognise(text) for text in texts if recognise(text).unrecognised} == {}


def test_the_table_is_in_order() -> None:
    for row in rows():
        name = row["ingredient"]
        assert name == name.lower().strip(), name
        assert row["classes"].split(";") == sorted(row["classes"].split(";"), key=("", *drugs.classes()).index), name
        assert re.fullmatch(r"([A-Z]\d\d[A-Z]{2}\d\d)?", row["atc"]), name
        assert recognise(name).unrecognised == (), name
        assert [each.name for each in recognise(name).ingredients] == name.split(" + "), name


def test_every_other_name_in_the_table_leads_to_its_line() -> None:
    for row in rows():
        for other in filter(None, f"{row['also']};{row['brands']}".split(";")):
            assert names(other) == row["ingredient"].split(" + "), other


HEADER = "ingredient\tclasses\talso\tbrands\tatc"


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["aa\topioid\t\t\t", "bb\topiod\t\t\t"], r"line 3: 'opiod' is not in the list of classes"),
        (["aa\t\tbb\t\t", "dd\t\t\tBB\t"], r"line 3: 'BB' stands twice"),
        (["aa\t\t\t\t", "aa\t\t\t\t"], r"line 3: 'aa' stands twice"),
        (["aa\t\t\t\t", "aa + bb\t\t\tDd\t"], r"line 3: 'bb' has no line of its own"),
        (["aa\t\t\t\t", "bb\t\t\t\t", "aa + bb\topioid\t\t\t"], r"line 4: a combination has no classes"),
        (["aa\t\t\t\t", "bb\t\t\t\t", "aa + bb\t\t\t\t", "bb + aa\t\t\t\t"], r"line 5: 'bb \+ aa' stands twice"),
        (["aa\t\t\tonce\t"], r"line 2: 'once' is an everyday word"),
        (["aa\t\t"], r"line 2: 3 columns"),
    ],
)
def test_a_line_that_breaks_the_rules_of_the_table_is_refused_with_its_number(lines: list[str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        drugs.read([HEADER, *lines])


def test_a_table_without_its_header_is_refused() -> None:
    with pytest.raises(ValueError, match=r"line 1: .* is not the header"):
        drugs.read(["aa\t\t\t\t"])

"""The Dutch site."""

COLLECTION = "Gidsen in het Nederlands"

HOME = {
    "title": "Home",
    "slug": "home-nl",
    "seo_title": "Onafhankelijk energieadvies voor je huis",
    "heading": "Een warm huis begint met een goed plan",
    "introduction": "Isolatie, warmtepompen, zonnepanelen: wij zoeken uit wat jouw huis nodig heeft, in welke volgorde en wat het kost. Daarna kies jij wie het werk doet.",
    "image": "canal-street-at-dusk",
    "alt": "Een rij grachtenhuizen in de schemering, met warm licht achter de ramen",
    "body": [
        (
            "steps",
            "Zo werken we",
            [
                (
                    "We komen kijken",
                    "Een adviseur loopt twee uur door je huis, van kruipruimte tot nok, met een warmtebeeldcamera en een notitieboek.",
                ),
                (
                    "Je krijgt een plan",
                    "Binnen tien dagen heb je een plan in gewone taal: wat eerst, wat later, wat het kost en wat het scheelt.",
                ),
                (
                    "Je vergelijkt offertes",
                    "We lezen de offertes van installateurs met je mee en zeggen wat eraan ontbreekt, en wat je niet nodig hebt.",
                ),
            ],
        ),
        (
            "quote",
            "We hadden drie offertes voor een warmtepomp op tafel liggen. Van Lindehaag moesten we eerst de vloer en het glas aanpakken. Nu hebben we een pomp die half zo groot is.",
            "Marjan en Paul",
            "twee-onder-een-kap uit de jaren dertig, Amersfoort",
        ),
        (
            "numbers",
            [
                ("4.100", "huizen bezocht sinds 2012"),
                ("11", "adviseurs, allemaal in vaste dienst"),
                ("0", "euro provisie van installateurs"),
            ],
        ),
    ],
}

GUIDES = {
    "title": "Gidsen",
    "slug": "gidsen",
    "introduction": "Gratis gidsen om te printen en mee te nemen naar zolder. Geschreven door de adviseurs die bij mensen thuis komen, en elk voorjaar bijgewerkt.",
}

GUIDE_PAGES = {
    "insulation": {
        "title": "Eerst isoleren: een plan voor elk deel van je huis",
        "slug": "eerst-isoleren",
        "topic": "Isolatie",
        "introduction": "Dak, muren, vloer, glas: wat je als eerste doet hangt af van je huis, niet van wie er aanbelt. Met deze gids bepaal je zelf de volgorde.",
        "image": "insulated-cavity-wall",
        "alt": "Doorsnede van een geïsoleerde muur: buiten sneeuw, binnen een bank met een slapende kat",
        "body": [
            (
                "text",
                "<h2>Wat je erin vindt</h2><p>Elk huis verliest op zijn eigen manier warmte. Een hoekhuis uit 1935 heeft andere zwakke plekken dan een bovenwoning uit 1985. De gids loopt van boven naar beneden door het huis en laat per onderdeel zien hoe je ontdekt wat er al zit, wat erbij kan en wat je daarvan mag verwachten.</p><ul><li>In één middag uitzoeken wat er al geïsoleerd is</li><li>De juiste volgorde, met de reden erachter</li><li>Wat elke maatregel ongeveer kost voor een rijtjeshuis</li><li>Waar vocht vandaan komt, en hoe je het voorblijft</li></ul>",
            ),
            (
                "tip",
                "Doe dit voordat je verder leest",
                "<p>Zoek op uit welk jaar je huis komt. Voor 1975 werd er zelden geïsoleerd, na 1992 was het verplicht, en daartussen kan het alles zijn.</p>",
            ),
            (
                "text",
                "<h2>Voor wie</h2><p>Voor eigenaren van een huis van voor 2000 die niet weten waar ze moeten beginnen. Technische kennis is niet nodig, een zaklamp en een keukentrap komen wel van pas.</p>",
            ),
        ],
    },
    "heat-pump": {
        "title": "Is jouw huis klaar voor een warmtepomp?",
        "slug": "klaar-voor-een-warmtepomp",
        "topic": "Warmtepompen",
        "introduction": "Met zes vragen en één eenvoudige test weet je of een warmtepomp je huis warm krijgt, en of dat een hybride of een volledige moet zijn.",
        "image": "heat-pump-in-the-garden",
        "alt": "Een witte warmtepomp op een tegel in de tuin, tegen een bakstenen huis met bloeiende struiken",
        "body": [
            (
                "text",
                "<h2>Wat je erin vindt</h2><p>Een warmtepomp geeft veel lauw water in plaats van weinig heet water. De vraag is dus niet of je huis nieuw genoeg is, maar of het met lauw water warm wordt. En dat kun je zelf testen.</p><ul><li>De 50-gradentest, stap voor stap</li><li>Hybride of volledig: zo kies je</li><li>Waar de buitenunit mag staan, en hoeveel geluid hij mag maken</li><li>Twaalf vragen voor de installateur</li></ul>",
            ),
            (
                "quote",
                "De beste warmtepomp is de kleinste die je warm houdt. Alles wat je eerst isoleert, maakt hem kleiner.",
                "Ruben Kaya",
                "adviseur bij Lindehaag",
            ),
            (
                "text",
                "<h2>Voor wie</h2><p>Voor iedereen met een ketel van meer dan tien jaar oud. Nu rustig kiezen is beter dan halsoverkop in een koude week in januari.</p>",
            ),
        ],
    },
    "solar": {
        "title": "Zonnepanelen zonder verkooppraatje",
        "slug": "zonnepanelen-zonder-verkooppraatje",
        "topic": "Zonnepanelen",
        "introduction": "Hoeveel panelen, welke kant op, en wat leveren ze op nu de regels veranderen? Een nuchtere gids met uitgewerkte voorbeelden.",
        "image": "solar-roof",
        "alt": "Achttien zonnepanelen op een rood pannendak met een schoorsteen en een dakkapel",
        "body": [
            (
                "text",
                "<h2>Wat je erin vindt</h2><p>Het hele dak vol, dat was lang het advies. Nu stroom die je teruglevert veel minder waard is dan stroom die je zelf gebruikt, loont het om beter te kijken.</p><ul><li>Zo schat je wat je tussen tien en vier uur verbruikt</li><li>Oost-west of zuid: waarom het minder uitmaakt dan je denkt</li><li>Drie rekenvoorbeelden: een appartement, een rijtjeshuis en een gezin met een elektrische auto</li><li>Wat er in een offerte hoort te staan, en wanneer je beter kunt bedanken</li></ul>",
            ),
            (
                "tip",
                "Een vuistregel",
                "<p>Begin met zoveel panelen dat ze in een jaar ongeveer 70 procent van je stroomverbruik opwekken. Erbij leggen kan altijd nog, eraf halen doet niemand.</p>",
            ),
            (
                "text",
                "<h2>Voor wie</h2><p>Voor mensen met een dak en met twijfels. Voor huurders en leden van een VvE is er achterin een eigen hoofdstuk.</p>",
            ),
        ],
    },
    "money": {
        "title": "Wie betaalt dat? Subsidie, lening en terugverdientijd",
        "slug": "wie-betaalt-dat",
        "topic": "Geld",
        "introduction": "Wat kost het, wat krijg je terug en waar komt het geld vandaan? Met een rekenblad om het voor je eigen huis uit te zoeken.",
        "image": "sums-at-the-table",
        "alt": "Een bureau met een rekenmachine, munten, koffie en een blad waarop de staven steeds lager worden",
        "body": [
            (
                "text",
                "<h2>Wat je erin vindt</h2><p>Niemand isoleert zijn huis omdat het papierwerk zo leuk is. Deze gids houdt het kort: welke soorten steun er zijn, wanneer je ze aanvraagt (vaak <em>voordat</em> het werk begint, soms erna) en hoe je uitrekent wat een maatregel je per jaar oplevert.</p><ul><li>De vier geldbronnen naast elkaar</li><li>Een kalender: wat je wanneer aanvraagt</li><li>Een rekenblad voor de terugverdientijd, met een ingevuld voorbeeld</li><li>Welke papieren je bewaart, en hoelang</li></ul>",
            ),
            (
                "tip",
                "Bedragen veranderen",
                "<p>Subsidies veranderen elk jaar. De gids legt uit hoe ze werken; controleer de bedragen bij je gemeente voordat je tekent.</p>",
            ),
            (
                "text",
                "<h2>Voor wie</h2><p>Voor iedereen met een offerte op tafel die zich afvraagt of het de moeite waard is. Comfort past niet in een som, maar telt wel mee.</p>",
            ),
        ],
    },
}

ARTICLES = {
    "title": "Artikelen",
    "slug": "artikelen",
    "introduction": "Wat we bij mensen thuis tegenkomen, wat we daar meten en wat we ervan leren.",
}

ARTICLE_PAGES = {
    "net-metering": {
        "title": "Wat er verandert als de salderingsregeling stopt",
        "slug": "als-de-salderingsregeling-stopt",
        "days_ago": 4,
        "author": "Ruben Kaya",
        "guide": "solar",
        "tags": ["zonnepanelen", "geld"],
        "introduction": "Vanaf januari streep je teruggeleverde stroom niet meer weg tegen wat je later afneemt. Je panelen blijven lonen, maar op een andere manier.",
        "image": "house-and-grid",
        "alt": "Een huis met zonnepanelen, een stroommeter en een hoogspanningsmast, met pijlen heen en terug",
        "body": [
            (
                "text",
                "<p>Twintig jaar lang werkte het stroomnet als een gratis accu. Wat je dak in juli opwekte, gebruikte je in december, en aan het eind van het jaar stond alleen het verschil op de rekening. Op 1 januari 2027 is dat voorbij. Vanaf dan is stroom die je meteen gebruikt waard wat je er anders voor had betaald, en levert de rest een bescheiden vergoeding op.</p><h2>Gebruik stroom als de zon schijnt</h2><p>Een huishouden dat overdag weg is, gebruikt zo’n 30 procent van zijn zonnestroom direct. Met een paar gewoontes wordt dat 45 procent: de vaatwasser tussen de middag, de wasmachine op een timer, de boiler die ’s middags opwarmt. Dat kost allemaal niets.</p>",
            ),
            (
                "numbers",
                [
                    ("30%", "direct gebruikt zonder iets te doen"),
                    ("45%", "met timers en een paar gewoontes"),
                    ("60%", "met een elektrische auto voor de deur"),
                ],
            ),
            (
                "text",
                "<h2>Moet je een accu kopen?</h2><p>Voor de meeste huizen zeggen we: nog niet. Een accu brengt stroom van de middag naar de avond, maar niet van de zomer naar de winter. Met de prijzen van nu duurt terugverdienen langer dan de garantie. Wie een dynamisch contract heeft en een auto met een grote accu, is er eerder.</p><h2>En als je nog geen panelen hebt?</h2><p>Begin dan kleiner. Aan acht panelen die voor jezelf werken heb je meer dan aan zestien die vooral de buurt van stroom voorzien.</p>",
            ),
        ],
    },
    "thermal": {
        "title": "Wat een warmtebeeld je wel en niet vertelt",
        "slug": "wat-een-warmtebeeld-je-vertelt",
        "days_ago": 13,
        "author": "Ilse Brandsma",
        "guide": "insulation",
        "tags": ["isolatie", "meten"],
        "introduction": "Een felgele vlek ziet er alarmerend uit. Vaak is het een lek, soms alleen de ochtendzon. Zo lezen onze adviseurs het beeld.",
        "image": "thermal-image",
        "alt": "De voorkant van een huis, half in gewone kleuren en half door een warmtebeeldcamera gezien",
        "body": [
            (
                "text",
                "<p>Een warmtebeeldcamera ziet geen kou en geen tocht. Hij ziet hoeveel warmte een oppervlak uitstraalt en maakt daar een kleur van. Wil je weten wat die kleur betekent, dan moet je weten wat de zon, de wind en de bewoners hebben gedaan.</p><h2>Drie fouten die we vaak zien</h2><ol><li><strong>Opnames in de middag.</strong> Een muur die in de zon heeft gestaan blijft uren warm. Wij komen voor zonsopgang.</li><li><strong>Glas.</strong> Dat spiegelt. Wat je in het raam ziet gloeien, kan de schoorsteen van de overburen zijn.</li><li><strong>Te weinig verschil.</strong> Is het binnen nog geen tien graden warmer dan buiten, dan zegt het beeld bijna niets.</li></ol>",
            ),
            (
                "tip",
                "Voel zelf",
                "<p>Ga op een winderige avond met een natte hand langs plinten, stopcontacten en het zolderluik. Dat werkt net zo goed als een camera van drieduizend euro.</p>",
            ),
            (
                "text",
                "<h2>Wanneer het de moeite waard is</h2><p>Een warmtebeeld is op zijn best <em>na</em> het werk. Het laat in een minuut zien waar de isoleerder een hoek heeft overgeslagen. Vraag er een bij de oplevering; een goed bedrijf vindt dat prima.</p>",
            ),
        ],
    },
    "fifty-degrees": {
        "title": "De 50-gradentest: één koude avond is genoeg",
        "slug": "de-50-gradentest",
        "days_ago": 22,
        "author": "Ruben Kaya",
        "guide": "heat-pump",
        "tags": ["warmtepompen", "meten"],
        "introduction": "Zet het water in je radiatoren op 50 graden en kijk of het huis warm blijft. Het kost niets en zegt meer dan welke berekening ook.",
        "image": "fifty-degrees",
        "alt": "Een grote thermostaat op vijftig graden naast een raam waarachter het sneeuwt",
        "body": [
            (
                "text",
                "<p>De meeste ketels komen uit de fabriek met een instelling van 80 graden. Bijna geen huis heeft dat nodig. Een warmtepomp blijft het liefst onder de 50. De beste voorbereiding is dus doen alsof: zet de ketel op 50 en leef daar een week mee.</p>",
            ),
            (
                "steps",
                "Zo doe je het",
                [
                    (
                        "Kies een koude dag",
                        "Buiten onder de vijf graden, en hoe kouder hoe beter. Een zachte dag bewijst niets.",
                    ),
                    (
                        "Zet de ketel op 50",
                        "Het water voor de verwarming dus, niet het warme water uit de kraan: dat moet op 60 blijven.",
                    ),
                    (
                        "Draai de radiatoren open",
                        "Alle knoppen helemaal open, en blijf van de thermostaat af, ook ’s nachts.",
                    ),
                    (
                        "Schrijf het op",
                        "Noteer de temperatuur in elke kamer bij het ontbijt en om negen uur ’s avonds.",
                    ),
                ],
            ),
            (
                "text",
                "<h2>Wat de uitkomst betekent</h2><p>Blijft het huis warm? Dan ben je klaar voor een warmtepomp, en verbruik je vanaf vandaag al minder gas. Is één kamer te koud? Dan helpt een grotere radiator of een setje ventilatoren eronder. Zijn alle kamers te koud? Isoleer dan eerst en doe de test volgende winter opnieuw.</p>",
            ),
            (
                "quote",
                "We deden de test uit nieuwsgierigheid. Het huis bleef warm en de gasrekening werd acht procent lager. Dat had nog nooit iemand ons verteld.",
                "Yusuf",
                "rijtjeshuis uit 1988, Zwolle",
            ),
        ],
    },
    "terraced": {
        "title": "Een rijtjeshuis uit 1974, drie jaar later",
        "slug": "een-rijtjeshuis-drie-jaar-later",
        "days_ago": 34,
        "author": "Ilse Brandsma",
        "guide": "money",
        "tags": ["isolatie", "verhalen", "geld"],
        "introduction": "Drie jaar geleden maakten we een plan voor de familie Van Dijk. Wat hebben ze gedaan, wat kostte het en zouden ze het weer doen?",
        "image": "terraced-houses",
        "alt": "Drie rijtjeshuizen, het middelste met zonnepanelen, een warmtepomp en verlichte ramen",
        "body": [
            (
                "text",
                "<p>Toen we hier voor het eerst kwamen, waren de ramen elke ochtend nat en gaf de meter 2.100 kuub gas per jaar aan. De familie Van Dijk had 25.000 euro en geen zin in een jaar lang stof. Het plan kreeg drie etappes, en na elke etappe konden ze stoppen.</p><h2>Wat ze deden</h2><ul><li><strong>Jaar één:</strong> spouwmuren en vloer geïsoleerd, tochtstrips, een ventilator die op vocht reageert.</li><li><strong>Jaar twee:</strong> nieuw glas beneden, tegelijk met het schilderwerk dat toch al moest gebeuren.</li><li><strong>Jaar drie:</strong> een kleine hybride warmtepomp en tien zonnepanelen.</li></ul>",
            ),
            (
                "numbers",
                [
                    ("2.100 → 480", "kuub gas per jaar"),
                    ("€ 21.300", "uitgegeven, na aftrek van subsidie"),
                    ("9 jaar", "tot het is terugverdiend"),
                ],
            ),
            (
                "quote",
                "Het geld is fijn. Maar wat we echt merken, is dat de kinderen hun huiswerk weer boven maken.",
                "Femke van Dijk",
                "Apeldoorn",
            ),
            (
                "text",
                "<h2>Wat ze anders zouden doen</h2><p>De ventilator had als eerste gemoeten: in de eerste winter na het isoleren werd het plafond van de badkamer grijs. En ze hadden eerder bij de buren moeten aanbellen. Uiteindelijk zijn bij vier huizen op dezelfde dag de spouwmuren gedaan, en dat scheelde elk van hen een paar honderd euro.</p>",
            ),
        ],
    },
    "draughts": {
        "title": "Tocht is geen ventilatie",
        "slug": "tocht-is-geen-ventilatie",
        "days_ago": 47,
        "author": "Noor Hendriks",
        "guide": "insulation",
        "tags": ["ventilatie", "isolatie"],
        "introduction": "Kieren dichten maakt een huis warmer, maar de lucht moet wel ergens vandaan komen. Zo houd je het fris zonder de straat te verwarmen.",
        "image": "open-window",
        "alt": "Een open raam met een gordijn, een plant en een mok op de vensterbank, waardoor lucht naar binnen stroomt",
        "body": [
            (
                "text",
                "<p>‘Een oud huis moet ademen’, horen we aan menige keukentafel. De mensen erin moeten dat, het huis niet. Tocht komt wanneer de wind er zin in heeft: te veel bij storm, te weinig op een stille winterdag, net als alle ramen dicht zijn.</p><h2>Frisse lucht in drie stappen</h2><p>Lucht komt binnen via woonkamer en slaapkamers, gaat onder de deuren door en verdwijnt via keuken, badkamer en toilet. Is een van die drie versperd, dan werkt het niet. In de helft van de huizen die we bezoeken is de kier onder de slaapkamerdeur het probleem, vanwege een nieuw tapijt.</p>",
            ),
            (
                "tip",
                "Koop een CO₂-meter",
                "<p>Ze kosten ongeveer vijftig euro. Onder de 800 is prima, boven de 1.200 merk je het bij het wakker worden. Zet hem om te beginnen in de slaapkamer.</p>",
            ),
            (
                "text",
                "<h2>Even luchten, dan dicht</h2><p>Tien minuten met aan twee kanten een raam open ververst alle lucht in de kamer, terwijl muren en meubels warm blijven. Een raam dat de hele dag op een kier staat doet het omgekeerde: weinig frisse lucht, en koude muren waarop vocht neerslaat.</p>",
            ),
        ],
    },
    "noise": {
        "title": "Hoeveel geluid maakt een warmtepomp? We gingen luisteren",
        "slug": "hoeveel-geluid-maakt-een-warmtepomp",
        "days_ago": 61,
        "author": "Noor Hendriks",
        "guide": "heat-pump",
        "tags": ["warmtepompen", "verhalen"],
        "introduction": "Zes tuinen, één heldere vriesnacht en een geluidsmeter. Wat je hoort hangt minder af van het merk dan van de muur erachter.",
        "image": "quiet-at-night",
        "alt": "Een warmtepomp in de nacht, met geluidsbogen die vervagen voordat ze een slapende kat bereiken",
        "body": [
            (
                "text",
                "<p>Om half zeven ’s ochtends, bij vier graden vorst, werkt een warmtepomp het hardst. Dus stonden we juist dan in zes tuinen, in onze dikste jas, met een meter op een statief.</p>",
            ),
            (
                "numbers",
                [
                    ("52 dB", "de luidste, op één meter: een rustig gesprek"),
                    ("38 dB", "dezelfde pomp op vijf meter"),
                    ("31 dB", "de stilste van de zes op vijf meter"),
                ],
            ),
            (
                "text",
                "<h2>De plek telt zwaarder dan het merk</h2><p>De luidste en de stilste bleken hetzelfde model te zijn. De ene stond in een hoek tussen twee bakstenen muren, die het geluid twee keer terugkaatsen. De andere stond vrij, op rubberen voetjes, met een heg erachter.</p><h2>Wat de regels zeggen</h2><p>Op de grens van je perceel mag het ’s nachts hoogstens 40 decibel zijn. Een installateur moet dat vooraf op papier laten zien. Vraag om dat formulier, en om de nachtstand: die scheelt drie tot vijf decibel en kost nauwelijks warmte.</p>",
            ),
            (
                "quote",
                "Dat hij aanstaat, zie ik alleen aan de sneeuw die ervoor smelt.",
                "De buurvrouw van tuin nummer vier",
                "",
            ),
        ],
    },
}

WEBINAR = {
    "menu_title": "Webinar",
    "slug": "webinar",
    "title": "In drie rustige stappen van gas naar warmtepomp",
    "introduction": "Eén uur, drie huizen, echte rekeningen. Onze adviseurs laten zien wat er is gedaan, in welke volgorde, en wat ze nu anders zouden doen. Neem je vragen mee.",
    "image": "webinar-on-a-laptop",
    "alt": "Een laptop waarop een adviseur een modelhuis laat zien aan drie deelnemers",
    "body": [
        (
            "text",
            "<h2>Waar we het over hebben</h2><ul><li>Hoe je aan je eigen gasrekening ziet hoe groot je warmtepomp moet zijn</li><li>Een flat, een rijtjeshuis en een boerderij: drie plannen naast elkaar</li><li>Wat je de installateur vraagt, en bij welke antwoorden je moet oppassen</li><li>Een half uur voor jouw vragen</li></ul><p>Kun je die avond niet? Meld je toch aan, dan sturen we je de opname.</p>",
        ),
    ],
    "speakers": [("Ruben Kaya", "adviseur verwarming"), ("Ilse Brandsma", "adviseur isolatie")],
    "button_text": "Meld me aan",
    "thank_you_heading": "Tot ziens bij het webinar",
    "thank_you_text": "<p>Je plek is gereserveerd. De link sturen we naar het adres dat je hebt opgegeven, met op de dag zelf nog een herinnering.</p>",
    "fields": [
        ("first_name", "Voornaam", "singleline", True, ""),
        ("email", "E-mailadres", "email", True, "Naar dit adres sturen we de link."),
        ("company", "Bedrijf", "singleline", False, ""),
        ("newsletter", "Stuur me ook de maandelijkse nieuwsbrief", "checkbox", False, ""),
    ],
}

NEWSLETTER = {
    "title": "Nieuwsbrief",
    "slug": "nieuwsbrief",
    "introduction": "Eén keer per maand: een tip die je dezelfde dag kunt gebruiken, een huis dat we bezochten, en nieuws over regels en subsidies. Zonder reclame.",
    "image": "letter-in-the-door",
    "alt": "Een envelop in de koperen brievenbus van een donkergroene voordeur",
    "body": [
        (
            "text",
            "<h2>Wat je kunt verwachten</h2><p>De nieuwsbrief verschijnt op de eerste donderdag van de maand en is in vier minuten gelezen. Afmelden doe je met één klik, onderaan elk nummer.</p>",
        ),
    ],
    "button_text": "Abonneer me",
    "thank_you_heading": "Welkom",
    "thank_you_text": "<p>Je staat op de lijst. De volgende nieuwsbrief verschijnt op de eerste donderdag van de maand.</p>",
    "fields": [
        ("first_name", "Voornaam", "singleline", False, ""),
        ("email", "E-mailadres", "email", True, ""),
        ("newsletter", "Ja, stuur me de nieuwsbrief per e-mail", "checkbox", True, ""),
    ],
}

PRICING = {
    "title": "Tarieven",
    "slug": "tarieven",
    "introduction": "Eén prijs per plan, vooraf afgesproken. Aan wat je daarna koopt verdienen we niets, dus hoeven we je ook niets aan te praten.",
    "small_print": "Prijzen zijn inclusief btw en reiskosten binnen Nederland. Voor appartementen en VvE’s maken we een offerte.",
    "plans": [
        {
            "name": "Advies per telefoon",
            "price": "€ 0",
            "period": "half uur",
            "text": "Voor een eerste vraag, of een tweede mening over één offerte.",
            "features": [
                "Gesprek met een adviseur",
                "Samenvatting per e-mail",
                "De gidsen die bij je huis passen",
            ],
            "button_text": "Begin met een gids",
            "button": "guides",
            "highlighted": False,
        },
        {
            "name": "Huisplan",
            "price": "€ 395",
            "period": "één bezoek",
            "text": "Voor wie wil weten wat je het eerst doet en wat kan wachten.",
            "features": [
                "Twee uur bij je thuis",
                "Warmtebeelden, in de winter",
                "Plan in etappes, met kosten en besparing",
                "Overzicht van subsidies waar je recht op hebt",
                "Achteraf een uur voor je vragen",
            ],
            "button_text": "Volg eerst het webinar",
            "button": "webinar",
            "highlighted": True,
        },
        {
            "name": "Plan en begeleiding",
            "price": "€ 890",
            "period": "tot het werk klaar is",
            "text": "Voor wie graag iemand naast zich heeft tot de laatste schroef.",
            "features": [
                "Alles uit het huisplan",
                "Tot zes offertes vergeleken",
                "Twee bezoeken tijdens het werk",
                "Controle bij oplevering, met verslag",
                "Subsidieaanvragen ingevuld",
            ],
            "button_text": "Leer de adviseurs kennen",
            "button": "about",
            "highlighted": False,
        },
    ],
    "questions": [
        (
            "Krijgen jullie geld van installateurs?",
            "<p>Nee. Geen provisie, geen vergoeding voor doorverwijzen, geen gesponsorde pagina’s. Zo staat het ook in onze statuten.</p>",
        ),
        (
            "Hoe snel kunnen jullie langskomen?",
            "<p>Meestal binnen twee tot drie weken. Van november tot en met februari duurt het iets langer, omdat warmtebeelden dan pas zin hebben.</p>",
        ),
        (
            "En als ik niets aan het plan heb?",
            "<p>Laat het dan binnen een maand weten en je krijgt je geld terug. Dat is tot nu toe negen keer gebeurd, en elke keer hebben we er iets van geleerd.</p>",
        ),
        (
            "Komen jullie ook in huurhuizen?",
            "<p>Ja, als de verhuurder het goedvindt. We schrijven het plan zo dat je het aan hem kunt doorgeven.</p>",
        ),
    ],
}

ABOUT = {
    "title": "Over ons",
    "slug": "over-ons",
    "introduction": "Elf adviseurs, één overtuiging: mensen nemen goede besluiten als iemand het ze fatsoenlijk uitlegt.",
    "image": "advice-at-the-kitchen-table",
    "alt": "Een adviseur en twee bewoners bekijken aan de keukentafel een tekening van een huis",
    "body": [
        (
            "text",
            "<p>Lindehaag begon in 2012 met een geleende warmtebeeldcamera en een straat in Deventer waar niemand de verkopers nog vertrouwde. We gingen de deuren langs, maten, en schreven op wat we zouden doen als het ons eigen huis was. Daar is niets aan veranderd.</p><h2>Waar we voor staan</h2><ul><li>We verkopen advies en verder niets.</li><li>We zeggen het als iets niet de moeite waard is, ook als het in de mode is.</li><li>We meten, en komen na een jaar terug om te zien of we gelijk hadden.</li></ul>",
        ),
        (
            "numbers",
            [
                ("4.100", "huizen bezocht"),
                ("83%", "deed minstens de eerste etappe"),
                ("± 12%", "tussen wat we verwachten en wat het wordt"),
            ],
        ),
        (
            "text",
            "<h2>Contact</h2><p>Bel ons op werkdagen tussen negen en vijf, of schrijf. Je krijgt antwoord van een mens, meestal nog dezelfde dag. Het adres staat onderaan deze pagina.</p>",
        ),
    ],
}

PRIVACY = {
    "title": "Privacy",
    "slug": "privacy",
    "introduction": "Wat we bewaren, waarom, hoelang, en hoe je het laat verwijderen. In gewone taal.",
    "body": [
        (
            "text",
            "<h2>Wat we bewaren</h2><p>Als je deze site bezoekt, houden we onder een willekeurig nummer bij welke pagina’s je leest en welke gidsen je downloadt. Wie je bent weten we pas als je het ons vertelt: op een formulier, of door in te loggen.</p><h2>Waar we het voor gebruiken</h2><p>Om je te sturen waar je om vroeg, en andere dingen alleen als je daar ja op hebt gezegd. Dat ja kun je altijd intrekken, met de link onderaan elke e-mail.</p><h2>Wat we niet doen</h2><p>We verkopen niets door, laden niets van advertentienetwerken en plaatsen geen cookies van derden.</p><h2>Je rechten</h2><p>Je mag inzien, verbeteren of wissen wat we over je hebben. Schrijf ons en het is binnen een maand geregeld.</p>",
        ),
    ],
}

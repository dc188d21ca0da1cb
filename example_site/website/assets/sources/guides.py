"""What the printed guides say. Blocks: h(eading), p, ul, check(list), table, tip."""

GUIDES = {
    "en": {
        "insulation": [
            ("h", "First find out what is there"),
            (
                "p",
                "You can settle most of it in one afternoon. Begin with the year your house was built and the papers of the previous owner; then go and look for yourself.",
            ),
            (
                "table",
                ["Built", "What you may expect"],
                [
                    ["Before 1925", "Solid walls, no cavity; wooden floors; single glazing, often replaced"],
                    ["1925–1975", "Empty cavity, wooden or thin concrete floor, uninsulated roof"],
                    ["1975–1992", "A few centimetres in roof and walls, first double glazing"],
                    ["After 1992", "Insulated all round; look at glass and gaps first"],
                ],
            ),
            (
                "check",
                [
                    "Attic: is there insulation between the rafters, and how thick is it?",
                    "Wall: undo a socket on an outside wall (power off) and look into the cavity",
                    "Crawl space: open the hatch; is the underside of the floor bare?",
                    "Glass: read the code on the metal strip between the panes; HR++ is good",
                    "Gaps: a burning incense stick along door, hatch and skirting board",
                ],
            ),
            ("h", "The right order"),
            (
                "p",
                "Warm air rises and wants out at the top; that is why the roof comes first. Then follow the parts with the largest surface. Gaps come before everything, because they cost almost nothing.",
            ),
            (
                "table",
                ["Step", "Terraced house, roughly", "What you notice"],
                [
                    ["1. Gaps and letterbox", "€ 50–200", "No more cold feet by the sofa"],
                    ["2. Roof or attic floor", "€ 1,500–6,000", "Upstairs stays cool in summer too"],
                    ["3. Cavity wall", "€ 900–1,800", "Walls no longer feel cold"],
                    ["4. Floor", "€ 1,200–2,500", "Warm floor, drier crawl space"],
                    ["5. Glass", "€ 3,500–8,000", "No draught by the window, less noise"],
                ],
            ),
            (
                "tip",
                "Ventilate first",
                "Whoever closes gaps has to bring in fresh air in another way. Arrange grilles and a fan in the bathroom before the insulators come.",
            ),
            ("h", "Staying ahead of damp"),
            (
                "p",
                "A family of four puts about ten litres of water into the air each day, by cooking, washing and breathing. In a draughty house it blows away. In an insulated house it has to be carried off, or it settles in the coldest spot: the corner behind the wardrobe, the frame, the attic hatch.",
            ),
            (
                "ul",
                [
                    "Put insulation on the outside or in the cavity where you can; inside only with a vapour barrier.",
                    "Keep cupboards five centimetres away from outside walls.",
                    "Let the bathroom fan run on for twenty minutes after a shower.",
                    "Leave cavity vents open: they drain water from the wall.",
                ],
            ),
            ("h", "Questions for the insulation firm"),
            (
                "check",
                [
                    "Has the cavity been inspected with a camera, and may I see the pictures?",
                    "Which material, how thick, and what R-value does that give?",
                    "What happens with the vents, the beam ends and the bats?",
                    "Do I get a thermal picture at delivery?",
                    "How long is the guarantee, and who gives it if you no longer exist?",
                ],
            ),
            ("h", "What it comes to"),
            (
                "p",
                "A terraced house from the seventies that takes steps one to four usually ends up with 35 to 50 percent less gas. Just as important: after that, a heat pump can be one size smaller. Keep all invoices and photographs; you need them for grants and when you sell.",
            ),
        ],
        "heat-pump": [
            ("h", "Six questions"),
            (
                "check",
                [
                    "Is the roof insulated, or can it be done this year?",
                    "Have the cavity walls been filled, or are they thick enough?",
                    "Does the house have HR++ glass at least in the living room?",
                    "Is there room outside for a unit of one metre wide?",
                    "Is there a place inside for a tank the size of a fridge?",
                    "Does your meter cupboard have a free group, or can it be extended?",
                ],
            ),
            (
                "p",
                "Five or six times yes: read on about a full heat pump. Three or four: a hybrid is the natural step. Fewer than three: insulate first, the guide “Insulate first” shows how.",
            ),
            ("h", "The 50-degree test"),
            (
                "p",
                "Set the water for heating to 50 degrees on a day on which it is colder than five degrees outside. Open all radiators fully. Leave the thermostat at 20, at night too. Note the temperature in every room, for three days.",
            ),
            (
                "table",
                ["What you measure", "What it means"],
                [
                    ["20° everywhere", "Ready for a full heat pump"],
                    ["One or two rooms at 17–19°", "Larger radiators there, or fans below them"],
                    ["Nowhere above 18°", "Hybrid now, or insulate first"],
                ],
            ),
            (
                "tip",
                "Not the tap",
                "Leave hot tap water at 60 degrees, because of legionella. On most boilers it is a separate dial.",
            ),
            ("h", "Hybrid or full"),
            (
                "table",
                ["", "Hybrid", "Full"],
                [
                    ["Gas saved", "60–75%", "100%"],
                    ["Cost, installed", "€ 4,500–7,000", "€ 10,000–17,000"],
                    ["Room inside", "beside the boiler", "tank of 60 × 60 cm"],
                    ["Cooking", "gas may stay", "induction"],
                    ["Suits", "houses on their way", "houses that pass the test"],
                ],
            ),
            (
                "p",
                "A hybrid is no half measure. For many houses from before 1980 it is the best purchase for the coming fifteen years, because it covers most of the winter and the boiler steps in only in real cold.",
            ),
            ("h", "Where the outdoor unit goes"),
            (
                "ul",
                [
                    "Standing free beats hanging on the wall, and certainly on the bedroom wall.",
                    "Not in a corner between two walls: it throws the sound back.",
                    "At least three metres from the neighbours’ windows; at the boundary at most 40 decibels at night.",
                    "Leave half a metre in front of it for the air, and keep leaves away.",
                ],
            ),
            ("h", "Twelve questions for the installer"),
            (
                "ul",
                [
                    "Have you calculated the heat loss for each room? May I have it?",
                    "At which water temperature did you calculate?",
                    "What seasonal figure (SCOP) do you guarantee?",
                    "How small can the pump be, and why did you choose larger?",
                    "Which radiators have to be replaced?",
                    "How do you deal with the first frost: defrosting and drainage?",
                    "May I see the sound calculation for the boundary?",
                    "Does my meter cupboard need work, and is it included?",
                    "Who sets the heating curve, and do you come back after a month?",
                    "What does maintenance cost in a year?",
                    "How long do you keep parts in stock?",
                    "Which two customers nearby may I ring?",
                ],
            ),
        ],
        "solar": [
            ("h", "Begin with what you use"),
            (
                "p",
                "Look up your yearly consumption on the bill. Then guess how much of it falls between ten in the morning and four in the afternoon. Somebody who works at home easily gets to 45 percent, somebody who is out all day to 25.",
            ),
            (
                "table",
                ["Household", "A year", "Sensible start"],
                [
                    ["Flat, one person", "1,500 kWh", "3 panels"],
                    ["Terraced house, family", "3,100 kWh", "6 panels"],
                    ["Idem, with heat pump", "5,600 kWh", "10 panels"],
                    ["Idem, with electric car", "8,000 kWh", "14 panels"],
                ],
            ),
            (
                "tip",
                "Counting on",
                "One panel of 430 watt-peak makes about 370 kilowatt-hours a year on a good roof in the Low Countries, three quarters of it from April to September.",
            ),
            ("h", "South, or east and west"),
            (
                "p",
                "Due south gives most over the year. East-west gives some 15 percent less, but spreads it over the day: coffee from the morning sun, cooking with the evening sun. Now that your own use counts, the two come out about equal. Shade matters far more. One chimney can cost a whole row.",
            ),
            ("h", "Three sums"),
            (
                "table",
                ["", "Flat", "Terraced", "With car"],
                [
                    ["Panels", "3", "6", "14"],
                    ["Cost", "€ 1,700", "€ 2,900", "€ 5,900"],
                    ["Own use", "40%", "42%", "60%"],
                    ["Saved each year", "€ 150", "€ 300", "€ 860"],
                    ["Paid back in", "11 years", "10 years", "7 years"],
                ],
            ),
            (
                "p",
                "We reckoned with 27 cents for electricity you do not have to buy and 5 cents for what you feed back. If your supplier charges costs for feeding in, the larger numbers suffer most.",
            ),
            ("h", "How to read a quote"),
            (
                "check",
                [
                    "Make and type of panel and inverter, not just “premium”",
                    "Expected yield per year, with shade taken into account",
                    "Scaffolding, meter cupboard and VAT included",
                    "Twelve years of guarantee on the inverter, twenty-five on the yield",
                    "A drawing of your roof with the panels on it",
                ],
            ),
            ("h", "A reason to walk away"),
            (
                "ul",
                [
                    "The offer is valid only today.",
                    "The yield is calculated with full net metering.",
                    "Nobody has asked about your meter cupboard.",
                    "You are asked to pay more than a quarter in advance.",
                ],
            ),
            ("h", "Tenants and owners’ associations"),
            (
                "p",
                "Tenants need permission, which a landlord may refuse only with good reason; agree in writing what happens when you move. In an owners’ association the roof belongs to all. Bring one page to the meeting: a drawing, the cost, and who pays for maintenance. It helps if you have already asked the two neighbours who always object.",
            ),
        ],
        "money": [
            ("h", "Four sources of money"),
            (
                "table",
                ["Source", "Good for", "Mind"],
                [
                    [
                        "National grant (ISDE)",
                        "insulation, heat pump, solar boiler",
                        "apply after the work, within 24 months",
                    ],
                    [
                        "Municipal grant",
                        "often glass, floor, green roof",
                        "apply before the work; the pot runs dry",
                    ],
                    [
                        "Energy saving loan",
                        "all measures together",
                        "low interest, a cheap or free one for small incomes",
                    ],
                    ["Mortgage", "large renovations", "up to 106% of the value for energy measures"],
                ],
            ),
            (
                "p",
                "Combining is allowed, but never add up to more than you pay. Two insulation measures within 24 months usually give twice the grant per square metre: that is the best reason to plan them together.",
            ),
            ("h", "The calendar"),
            (
                "table",
                ["When", "What you do"],
                [
                    [
                        "Before you ask for quotes",
                        "See what your municipality offers, and whether the pot is full",
                    ],
                    ["With the quote in hand", "Apply for the municipal grant and the loan"],
                    ["During the work", "Take pictures of the material with its label, before it disappears"],
                    ["After payment", "Apply for the national grant, with invoice and proof of payment"],
                ],
            ),
            (
                "tip",
                "Before you sign",
                "Amounts and conditions change every year. This guide explains how it works; the latest figures are with your municipality and on the government’s site.",
            ),
            ("h", "Do the sum yourself"),
            (
                "p",
                "Payback time is what you pay yourself, divided by what you save in a year. A worked example for cavity walls in a terraced house:",
            ),
            (
                "table",
                ["", "Example", "Your house"],
                [
                    ["A. Price including VAT", "€ 1,400", ""],
                    ["B. Grants together", "€ 420", ""],
                    ["C. You pay yourself (A − B)", "€ 980", ""],
                    ["D. Gas saved a year, in m³", "250", ""],
                    ["E. Price of 1 m³ of gas", "€ 1.30", ""],
                    ["F. Saved a year (D × E)", "€ 325", ""],
                    ["Paid back in years (C ÷ F)", "3.0", ""],
                ],
            ),
            ("h", "What is not in the sum"),
            (
                "ul",
                [
                    "The value of the house: a better energy label brings in a few percent when you sell.",
                    "Maintenance that had to be done anyway: replace glass when the frames get painted.",
                    "Comfort: a room you can use again in winter.",
                    "The price of gas in ten years: nobody knows it, and you depend on it less.",
                ],
            ),
            ("h", "What to keep"),
            (
                "check",
                [
                    "Quotes and invoices, with square metres and R-value on them",
                    "Proof of payment from your bank",
                    "Photographs before, during and after",
                    "Letters that award a grant",
                    "Guarantees, for as long as they run, and the rest for ten years",
                ],
            ),
        ],
    },
    "nl": {
        "insulation": [
            ("h", "Zoek eerst uit wat er zit"),
            (
                "p",
                "In één middag kom je een heel eind. Begin met het bouwjaar en de papieren van de vorige eigenaar; ga daarna zelf kijken.",
            ),
            (
                "table",
                ["Bouwjaar", "Wat je mag verwachten"],
                [
                    [
                        "Voor 1925",
                        "Massieve muren zonder spouw; houten vloeren; enkel glas, vaak al vervangen",
                    ],
                    ["1925–1975", "Lege spouw, houten of dunne betonnen vloer, ongeïsoleerd dak"],
                    ["1975–1992", "Een paar centimeter in dak en muren, het eerste dubbel glas"],
                    ["Na 1992", "Rondom geïsoleerd; kijk eerst naar glas en kieren"],
                ],
            ),
            (
                "check",
                [
                    "Zolder: zit er isolatie tussen de balken, en hoe dik is die?",
                    "Muur: haal een stopcontact in een buitenmuur los (stroom eraf) en kijk in de spouw",
                    "Kruipruimte: open het luik; is de onderkant van de vloer kaal?",
                    "Glas: lees de code op het strookje tussen de ruiten; HR++ is goed",
                    "Kieren: ga met een wierookstokje langs deur, luik en plint",
                ],
            ),
            ("h", "De juiste volgorde"),
            (
                "p",
                "Warme lucht stijgt en wil er bovenaan uit; daarom komt het dak eerst. Daarna volgen de delen met het grootste oppervlak. Kieren gaan overal aan vooraf, want die kosten bijna niets.",
            ),
            (
                "table",
                ["Stap", "Rijtjeshuis, ongeveer", "Wat je merkt"],
                [
                    ["1. Kieren en brievenbus", "€ 50–200", "Geen koude voeten meer bij de bank"],
                    ["2. Dak of zoldervloer", "€ 1.500–6.000", "Boven blijft het ook ’s zomers koel"],
                    ["3. Spouwmuur", "€ 900–1.800", "Muren voelen niet meer koud aan"],
                    ["4. Vloer", "€ 1.200–2.500", "Warme vloer, drogere kruipruimte"],
                    ["5. Glas", "€ 3.500–8.000", "Geen tocht bij het raam, minder geluid"],
                ],
            ),
            (
                "tip",
                "Eerst ventileren",
                "Wie kieren dicht, moet op een andere manier voor frisse lucht zorgen. Regel roosters en een badkamerventilator voordat de isoleerder komt.",
            ),
            ("h", "Vocht voorblijven"),
            (
                "p",
                "Een gezin van vier brengt elke dag zo’n tien liter water in de lucht, met koken, wassen en ademen. In een tochtig huis waait dat weg. In een geïsoleerd huis moet je het afvoeren, anders slaat het neer op de koudste plek: de hoek achter de kast, het kozijn, het zolderluik.",
            ),
            (
                "ul",
                [
                    "Isoleer waar het kan aan de buitenkant of in de spouw; aan de binnenkant alleen met een dampremmende folie.",
                    "Houd kasten vijf centimeter van de buitenmuur.",
                    "Laat de badkamerventilator na het douchen twintig minuten nadraaien.",
                    "Houd de open stootvoegen vrij: daardoor loopt water uit de muur.",
                ],
            ),
            ("h", "Vragen aan het isolatiebedrijf"),
            (
                "check",
                [
                    "Is de spouw met een camera bekeken, en mag ik de beelden zien?",
                    "Welk materiaal, hoe dik, en welke Rd-waarde levert dat op?",
                    "Wat gebeurt er met de roosters, de balkkoppen en de vleermuizen?",
                    "Krijg ik bij de oplevering een warmtebeeld?",
                    "Hoelang is de garantie, en wie geeft die als jullie niet meer bestaan?",
                ],
            ),
            ("h", "Wat het oplevert"),
            (
                "p",
                "Een rijtjeshuis uit de jaren zeventig dat stap één tot en met vier zet, verbruikt daarna meestal 35 tot 50 procent minder gas. Net zo belangrijk: een warmtepomp kan dan een maat kleiner. Bewaar alle facturen en foto’s; je hebt ze nodig voor subsidie en als je verkoopt.",
            ),
        ],
        "heat-pump": [
            ("h", "Zes vragen"),
            (
                "check",
                [
                    "Is het dak geïsoleerd, of kan dat dit jaar nog?",
                    "Zijn de spouwmuren gevuld, of zijn de muren dik genoeg?",
                    "Zit er in elk geval in de woonkamer HR++-glas?",
                    "Is er buiten plaats voor een unit van een meter breed?",
                    "Is er binnen plaats voor een vat zo groot als een koelkast?",
                    "Is er in de meterkast een groep vrij, of kan er een bij?",
                ],
            ),
            (
                "p",
                "Vijf of zes keer ja: lees verder over een volledige warmtepomp. Drie of vier: een hybride is de logische stap. Minder dan drie: isoleer eerst; in de gids ‘Eerst isoleren’ lees je hoe.",
            ),
            ("h", "De 50-gradentest"),
            (
                "p",
                "Zet het verwarmingswater op 50 graden op een dag dat het buiten kouder is dan vijf graden. Draai alle radiatoren helemaal open. Laat de thermostaat op 20 staan, ook ’s nachts. Noteer drie dagen lang de temperatuur in elke kamer.",
            ),
            (
                "table",
                ["Wat je meet", "Wat het betekent"],
                [
                    ["Overal 20°", "Klaar voor een volledige warmtepomp"],
                    ["Een of twee kamers op 17–19°", "Daar grotere radiatoren, of ventilatoren eronder"],
                    ["Nergens boven de 18°", "Nu een hybride, of eerst isoleren"],
                ],
            ),
            (
                "tip",
                "Niet de kraan",
                "Laat het warme kraanwater op 60 graden staan, vanwege legionella. Op de meeste ketels is dat een aparte knop.",
            ),
            ("h", "Hybride of volledig"),
            (
                "table",
                ["", "Hybride", "Volledig"],
                [
                    ["Gasbesparing", "60–75%", "100%"],
                    ["Prijs, geïnstalleerd", "€ 4.500–7.000", "€ 10.000–17.000"],
                    ["Ruimte binnen", "naast de ketel", "vat van 60 × 60 cm"],
                    ["Koken", "gas kan blijven", "inductie"],
                    ["Past bij", "huizen die onderweg zijn", "huizen die de test doorstaan"],
                ],
            ),
            (
                "p",
                "Een hybride is geen halve maatregel. Voor veel huizen van voor 1980 is het voor de komende vijftien jaar de beste koop: hij neemt het grootste deel van de winter voor zijn rekening, en de ketel springt alleen bij echte kou bij.",
            ),
            ("h", "Waar de buitenunit komt"),
            (
                "ul",
                [
                    "Vrij staan is beter dan aan de muur hangen, zeker aan die van de slaapkamer.",
                    "Niet in een hoek tussen twee muren: die kaatst het geluid terug.",
                    "Minstens drie meter van de ramen van de buren; op de erfgrens ’s nachts hoogstens 40 decibel.",
                    "Houd een halve meter vrij voor de lucht, en haal bladeren weg.",
                ],
            ),
            ("h", "Twaalf vragen voor de installateur"),
            (
                "ul",
                [
                    "Is het warmteverlies per kamer berekend? Mag ik dat hebben?",
                    "Met welke watertemperatuur is er gerekend?",
                    "Welk seizoensrendement (SCOP) garandeer je?",
                    "Hoe klein kan de pomp zijn, en waarom koos je een grotere?",
                    "Welke radiatoren moeten worden vervangen?",
                    "Hoe gaat het bij de eerste vorst: ontdooien en afwatering?",
                    "Mag ik de geluidsberekening voor de erfgrens zien?",
                    "Moet er iets aan de meterkast gebeuren, en zit dat erbij?",
                    "Wie stelt de stooklijn in, en kom je na een maand terug?",
                    "Wat kost het onderhoud per jaar?",
                    "Hoelang houd je onderdelen op voorraad?",
                    "Welke twee klanten in de buurt mag ik bellen?",
                ],
            ),
        ],
        "solar": [
            ("h", "Begin bij wat je verbruikt"),
            (
                "p",
                "Zoek je jaarverbruik op. Schat dan hoeveel daarvan valt tussen tien uur ’s ochtends en vier uur ’s middags. Wie thuiswerkt komt makkelijk aan 45 procent, wie de hele dag weg is aan 25.",
            ),
            (
                "table",
                ["Huishouden", "Per jaar", "Verstandig begin"],
                [
                    ["Appartement, alleen", "1.500 kWh", "3 panelen"],
                    ["Rijtjeshuis, gezin", "3.100 kWh", "6 panelen"],
                    ["Idem, met warmtepomp", "5.600 kWh", "10 panelen"],
                    ["Idem, met elektrische auto", "8.000 kWh", "14 panelen"],
                ],
            ),
            (
                "tip",
                "Om mee te rekenen",
                "Eén paneel van 430 wattpiek levert op een goed Nederlands dak zo’n 370 kilowattuur per jaar, waarvan driekwart tussen april en september.",
            ),
            ("h", "Zuid, of oost en west"),
            (
                "p",
                "Pal op het zuiden levert over het jaar het meest op. Oost-west levert zo’n 15 procent minder, maar verdeelt het over de dag: koffie op de ochtendzon, koken op de avondzon. Nu je eigen verbruik telt, komen ze ongeveer gelijk uit. Schaduw is veel belangrijker. Eén schoorsteen kan een hele rij kosten.",
            ),
            ("h", "Drie sommen"),
            (
                "table",
                ["", "Appartement", "Rijtjeshuis", "Met auto"],
                [
                    ["Panelen", "3", "6", "14"],
                    ["Kosten", "€ 1.700", "€ 2.900", "€ 5.900"],
                    ["Eigen verbruik", "40%", "42%", "60%"],
                    ["Besparing per jaar", "€ 150", "€ 300", "€ 860"],
                    ["Terugverdiend in", "11 jaar", "10 jaar", "7 jaar"],
                ],
            ),
            (
                "p",
                "We rekenden met 27 cent voor stroom die je niet hoeft te kopen en 5 cent voor wat je teruglevert. Rekent je leverancier terugleverkosten, dan hebben grote installaties daar het meest last van.",
            ),
            ("h", "Zo lees je een offerte"),
            (
                "check",
                [
                    "Merk en type van paneel en omvormer, niet alleen ‘premium’",
                    "Verwachte opbrengst per jaar, met de schaduw meegerekend",
                    "Steiger, meterkast en btw inbegrepen",
                    "Twaalf jaar garantie op de omvormer, vijfentwintig op de opbrengst",
                    "Een tekening van je dak met de panelen erop",
                ],
            ),
            ("h", "Reden om te bedanken"),
            (
                "ul",
                [
                    "Het aanbod geldt alleen vandaag.",
                    "De opbrengst is berekend met volledige saldering.",
                    "Niemand heeft naar je meterkast gevraagd.",
                    "Je moet meer dan een kwart vooruitbetalen.",
                ],
            ),
            ("h", "Huurders en VvE’s"),
            (
                "p",
                "Als huurder heb je toestemming nodig, en een verhuurder mag die alleen met een goede reden weigeren; spreek op papier af wat er gebeurt als je verhuist. In een VvE is het dak van iedereen. Neem één pagina mee naar de vergadering: een tekening, de kosten, en wie het onderhoud betaalt. Het helpt als je van tevoren al hebt gepraat met de twee buren die altijd tegen zijn.",
            ),
        ],
        "money": [
            ("h", "Vier geldbronnen"),
            (
                "table",
                ["Bron", "Goed voor", "Let op"],
                [
                    [
                        "Landelijke subsidie (ISDE)",
                        "isolatie, warmtepomp, zonneboiler",
                        "aanvragen na het werk, binnen 24 maanden",
                    ],
                    [
                        "Subsidie van de gemeente",
                        "vaak glas, vloer, groen dak",
                        "aanvragen voor het werk; op is op",
                    ],
                    [
                        "Energiebespaarlening",
                        "alle maatregelen samen",
                        "lage rente, voordelig of renteloos bij een klein inkomen",
                    ],
                    ["Hypotheek", "grote verbouwingen", "tot 106% van de waarde voor energiemaatregelen"],
                ],
            ),
            (
                "p",
                "Combineren mag, zolang je bij elkaar niet meer krijgt dan je betaalt. Twee isolatiemaatregelen binnen 24 maanden leveren meestal dubbel zoveel subsidie per vierkante meter op: de beste reden om ze samen te plannen.",
            ),
            ("h", "De kalender"),
            (
                "table",
                ["Wanneer", "Wat je doet"],
                [
                    [
                        "Voordat je offertes vraagt",
                        "Kijken wat je gemeente biedt, en of er nog geld in de pot zit",
                    ],
                    ["Met de offerte in handen", "Gemeentelijke subsidie en lening aanvragen"],
                    [
                        "Tijdens het werk",
                        "Foto’s maken van het materiaal met het etiket, voordat het verdwijnt",
                    ],
                    ["Na betaling", "Landelijke subsidie aanvragen, met factuur en betaalbewijs"],
                ],
            ),
            (
                "tip",
                "Voordat je tekent",
                "Bedragen en voorwaarden veranderen elk jaar. Deze gids legt uit hoe het werkt; de laatste cijfers vind je bij je gemeente en op de site van de overheid.",
            ),
            ("h", "Maak zelf de som"),
            (
                "p",
                "De terugverdientijd is wat je zelf betaalt, gedeeld door wat je per jaar bespaart. Een uitgewerkt voorbeeld voor de spouwmuren van een rijtjeshuis:",
            ),
            (
                "table",
                ["", "Voorbeeld", "Jouw huis"],
                [
                    ["A. Prijs inclusief btw", "€ 1.400", ""],
                    ["B. Subsidies bij elkaar", "€ 420", ""],
                    ["C. Je betaalt zelf (A − B)", "€ 980", ""],
                    ["D. Gasbesparing per jaar, in m³", "250", ""],
                    ["E. Prijs van 1 m³ gas", "€ 1,30", ""],
                    ["F. Besparing per jaar (D × E)", "€ 325", ""],
                    ["Terugverdiend in jaren (C ÷ F)", "3,0", ""],
                ],
            ),
            ("h", "Wat niet in de som staat"),
            (
                "ul",
                [
                    "De waarde van het huis: een beter energielabel levert bij verkoop een paar procent op.",
                    "Onderhoud dat toch al moest: vervang het glas als de kozijnen worden geschilderd.",
                    "Comfort: een kamer die je ’s winters weer kunt gebruiken.",
                    "De gasprijs over tien jaar: niemand kent die, en je bent er minder van afhankelijk.",
                ],
            ),
            ("h", "Wat je bewaart"),
            (
                "check",
                [
                    "Offertes en facturen, met vierkante meters en Rd-waarde erop",
                    "Betaalbewijzen van je bank",
                    "Foto’s van voor, tijdens en na het werk",
                    "Brieven waarin subsidie wordt toegekend",
                    "Garanties zolang ze lopen, en de rest tien jaar",
                ],
            ),
        ],
    },
}

//! The flag of a demand: quotes what says so, and stays down on ordinary mail.

#![expect(clippy::format_collect, reason = "tests")]

use cordon::contact::demand;
use cordon::contact::demand::hints;

#[test]
fn a_demand_is_quoted_by_kind() {
    let why = demand(
        "Hello. The price is 480,000 USD in bitcoin. Address: bc1-DRILL-NOT-AN-ADDRESS-0002. \
         If you do not answer, we will publish all your files. \
         After this the driver lists go to people who will pay. \
         See the archive as proof.",
    )
    .unwrap();
    assert_eq!(why.payment, ["The price is 480,000 USD in bitcoin."]);
    assert_eq!(
        why.publish,
        ["If you do not answer, we will publish all your files."]
    );
    assert_eq!(
        why.sell,
        ["After this the driver lists go to people who will pay."]
    );
    assert_eq!(why.proof, ["See the archive as proof."]);
}

#[test]
fn demands_in_several_forms_are_seen() {
    for text in [
        "480,000 USD in bitcoin. You have 72 hours from this message.",
        "900 XMR. 4DRILLNOTAWALLET. You have until Thursday.",
        "After this the rate engine and the driver lists go to people who will pay or to everyone.",
        "350.000 EUR in Bitcoin bis Sonntag 12 Uhr, dann bekommen es alle.",
        "Wenn Sie nicht zahlen, veröffentlichen wir Ihre Daten.",
        "Se vocês não pagarem, vamos publicar todos os seus arquivos.",
        "Send 2 BTC or your source code is sold to a competitor.",
        "We will leak your database unless you pay.",
        "Your documents will be sent to your customers and to the press if you stay silent.",
        "Your price for data removal is $9'000'000. We downloaded about 1TB.",
        "You need to pay to decrypt your files. Your price is 400.000$",
        "Any news, or we publish your 2tb?",
        "p\u{200b}ay 2 B\u{200b}TC or we le\u{200b}ak your files",
    ] {
        assert!(demand(text).is_some(), "{text}");
    }
}

/// No amount, no crypto money: what is held, what is wanted, and what happens otherwise.
#[test]
fn extortion_in_plain_words_is_a_demand() {
    for text in [
        "Your data has been encrypted. You have to pay.",
        "Your servers are locked. Pay to get them back.",
        "We have stolen your source code. Contact us at a@mail-one.example within 48 hours or else.",
        "We stole your files. You have until Friday.",
        "Pay me 50k or the customers will hear about it.",
        "Hello. Please wire 30,000 EUR to the account below. Otherwise your files are on our blog tomorrow.",
        "Give me my job back or I publish everything.",
        "I will delete your production database unless I get my severance.",
        "Pay me or I wipe the backups.",
        "You should transfer 20 grand. If you don't, I will delete all the repositories.",
        "I have a copy of your source code. Pay me.",
        "I copied the whole repository before you fired me. Send me 20k by Friday or it goes on GitHub.",
        "If I am not paid by Monday, the source code will be on Telegram.",
        "Pay or I burn the servers.",
        "Send money or I delete your repos.",
        "Pay 50k or we tell your customers.",
        "Quero meu dinheiro ou apago tudo.",
        "We hacked your network. We expect payment.",
        "Ihre Daten wurden verschlüsselt. Sie müssen zahlen.",
        "Wir haben Ihren Quellcode gestohlen. Melden Sie sich binnen 48 Stunden, sonst passiert etwas.",
        "Zahlen Sie mir 50k oder die Kunden erfahren davon.",
        "Überweisen Sie 30.000 EUR. Sonst stehen Ihre Dateien morgen auf unserem Blog.",
        "Geben Sie mir meine Stelle zurück oder ich veröffentliche alles.",
        "Ich lösche Ihre Produktionsdatenbank, wenn ich meine Abfindung nicht bekomme.",
        "Seus dados foram criptografados. Vocês têm que pagar.",
        "Roubamos o seu código. Entrem em contato em 48 horas, senão vão se arrepender.",
        "Paguem-me 50 mil ou os clientes vão saber.",
        "Transfiram 30.000 EUR. Caso contrário, seus arquivos estarão no nosso blog amanhã.",
        "Devolvam meu emprego ou eu publico tudo.",
        "Vou apagar o banco de dados e os backups se eu não receber minha rescisão.",
    ] {
        assert!(demand(text).is_some(), "{text}");
    }
    let why = demand("Your data has been encrypted. You have to pay.").unwrap();
    assert_eq!(why.payment, ["You have to pay."]);
    let why = demand("Hi. I will delete your production database unless I get my severance.");
    assert_eq!(
        why.unwrap().threat,
        ["I will delete your production database unless I get my severance."]
    );
}

/// The same words in ordinary use: bills, wages, housekeeping, reports of a theft.
#[test]
fn plain_words_of_work_are_no_demand() {
    for text in [
        "You have until Friday.",
        "You have until Friday to hand in the timesheet.",
        "Your data has been encrypted at rest. You have to pay the licence renewal by March.",
        "Your laptop has been encrypted as the policy asks. Contact the help desk within 48 hours for the recovery key.",
        "Your account has been locked. You have to pay the outstanding invoice.",
        "Some data of our customers was stolen at a vendor. Contact us within 30 days with your questions.",
        "Your backup was encrypted with the new key. Call me before 5 pm.",
        "Your files have been encrypted with BitLocker. Contact us within 24 hours for the key.",
        "All data is encrypted in transit. Contact us before March with questions.",
        "The files were stolen from your car? Contact the police within 48 hours.",
        "If you do not pay my salary I will publish a review of the company.",
        "I will delete my copy of the data when you have paid my invoice.",
        "Pay your invoice now to avoid losing your data.",
        "Give me my access back or the code will not be ready.",
        "Please give me my laptop back or pay me 800 EUR.",
        "Pay me my final wages or I go to the labour court.",
        "Pay me the 4k that you owe me or my lawyer will write to you.",
        "Give me my last payslip or I will tell the labour inspectorate.",
        "I want my severance. Otherwise I will file a complaint with the tribunal.",
        "Give me my access back or I cannot finish the migration.",
        "I will delete the old branch unless you need it.",
        "I will delete the company data from my laptop as soon as you confirm.",
        "We will delete your account unless you confirm your address.",
        "We delete the test database every night unless you set the flag.",
        "Please wire the 1,200 EUR for invoice 17; otherwise we stop the deliveries.",
        "Please pay the hosting fee of 200 EUR or your website goes offline.",
        "Send me the figures by noon or I publish the dashboard without them.",
        "If you do not pay the invoice of $40 we will close your subscription.",
        "Customers will hear about the new release in March or April.",
        "Ihre Daten wurden verschlüsselt übertragen. Sie müssen die Rechnung noch zahlen.",
        "Zahlen Sie mir meinen Lohn oder ich gehe vor das Arbeitsgericht.",
        "Ich lösche die Testdaten morgen, wenn niemand sie braucht.",
        "Sie haben bis Freitag Zeit, die Stunden einzutragen.",
        "Paguem meu salário atrasado ou vou procurar a justiça do trabalho.",
        "Seus dados foram atualizados. Vocês têm até sexta para conferir.",
        "Vou apagar o branch antigo se ninguém precisar dele.",
    ] {
        assert_eq!(demand(text), None, "{text}");
        assert!(hints(text).is_empty(), "{text}");
    }
}

#[test]
fn ordinary_mail_raises_no_flag() {
    for text in [
        "",
        "Hi all, the invoice over 1,200 EUR is attached. Please pay by Friday. Thank you.",
        "We will publish the release notes on Monday, the code freeze is on Friday.",
        "Could you send me the file list and the screenshots as proof of delivery?",
        "I did good work and you ended it in ten minutes. I kept copies of everything I touched.",
        "Our team will release version 2.0 of the package next week; the docs go online after that.",
        "Please share the data with the customer after the meeting.",
        "My last salary of $4,000 has not been paid. When will you transfer it?",
        "The press office asks whether the article may be published on the blog.",
        "We sold 300 licences; the price goes up to $25 in March.",
        "Ich schicke dir die Dateien morgen, dann können wir alles besprechen.",
        "O pagamento do seu contrato será feito até sexta-feira.",
        "Proof of address is needed for the new account.",
        "0.008 BTC received.",
        "I downloaded the report; the licence costs $40 per year.",
        "Your parcel was stolen. We pay back 20 EUR.",
    ] {
        assert_eq!(demand(text), None, "{text}");
        assert!(hints(text).is_empty(), "{text}");
    }
}

#[test]
fn a_hint_is_no_demand_but_has_its_own_flag() {
    for text in [
        "I have all of it. Your competitor will like it. I prefer you.",
        "Hello. You remember my planner branch. I have all of it and the sets. Verge will like it. I prefer you.",
        "It would be a shame if your customers found out how you store their lists.",
        "It'd be a real pity if this got out.",
        "It would be such a shame if something happened to the repositories you love.",
        "It would be a shame if the engine ended up in the wrong hands, and you know it.",
        "Your competitors would pay well for this.",
        "Your competitors would pay well.",
        "There are other people who might give a lot for what is on my disk.",
        "You know what I have.",
        "You know very well what I have on you, so be nice.",
        "You don’t want this to get out.",
        "I kept copies of your designs. The press would be very interested.",
        "I still have everything. No one needs to know.",
        "We have your source code. We could stay quiet.",
        "Ask Quillon if their planner is still only theirs.",
        "Es wäre doch schade, wenn Ihre Kunden das sehen.",
        "Es wäre schade, wenn das bekannt wird.",
        "Die Konkurrenz würde gut dafür zahlen.",
        "Sie wissen genau, was ich habe.",
        "We have stolen your source code.",
        "Pay me the wages you owe me or your customers will hear about it.",
        "Seria uma pena se isso vazasse.",
        "Seus concorrentes pagariam bem por isso.",
        "Você sabe o que eu tenho.",
    ] {
        assert_eq!(demand(text), None, "{text}");
        assert!(!hints(text).is_empty(), "{text}");
    }
    assert_eq!(
        hints("Hi. You know what I have. Think about it."),
        ["You know what I have."]
    );
    assert_eq!(
        hints("I have all of it. Your competitor will like it. I prefer you."),
        ["Your competitor will like it.", "I prefer you."]
    );
}

#[test]
fn ordinary_mail_and_disputes_about_pay_hint_at_nothing() {
    for text in [
        "",
        "My last invoice of $4,000 is unpaid since March. Please pay it by Friday, or I have to go to the labour court.",
        "You owe me two weeks of wages and the overtime. I have copies of all my timesheets and of everything I was sent.",
        "I kept copies of everything I signed. My final pay is still outstanding. I would prefer you pay by bank transfer.",
        "If my salary is not paid I will tell the labour inspectorate. I have all the emails to prove it.",
        "I did good work and you ended it in ten minutes. I kept copies of everything I touched.",
        "You know what I have been through these months, and I still was not paid.",
        "You know what I have to do for the customs papers, please send the form.",
        "You know what I have asked for: my final pay slip and the tax form.",
        "It would be a shame if you could not join the dinner on Friday.",
        "It would be a pity if we lost the contract over this invoice.",
        "It would be a shame if our competitors released it first.",
        "It would be a shame if this leaked before the launch.",
        "It would be a shame if the good work ended like this. I was a fair contractor to you.",
        "Your competitors would pay me better, so I ask for a raise.",
        "Your competitors pay developers more for this role.",
        "Other people would pay more for such a flat, but I like it.",
        "Your customers will love the new dashboard.",
        "Our customers would be interested to see a demo. We have all of it ready.",
        "I have your laptop and the badge here; where shall I send them?",
        "I have your files from the handover, and the client would like to see them on Monday.",
        "I have made a copy of your document and the customer may want to know the price.",
        "We keep copies of your documents for ten years, as the law asks.",
        "Nobody else needs to know the password but the two of us.",
        "To keep your account out of the wrong hands, change your password.",
        "The journalist would like to talk to the press office.",
        "Ich habe alle Rechnungen angehängt. Mein Lohn für April fehlt noch.",
        "Es wäre schade, wenn Sie nicht kommen können.",
        "Seria uma pena se você não viesse à festa.",
        "Meu salário de março não foi pago. Tenho cópias de tudo que assinei.",
    ] {
        assert_eq!(hints(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn hints_are_bounded() {
    let many: String = (0..1_000)
        .map(|at| format!("Your competitors would pay well for x{at}y. "))
        .collect();
    assert_eq!(hints(&many).len(), 20);
    assert!(hints(&"a shame if ".repeat(100_000)).len() <= 20);
}

#[test]
fn quotes_are_bounded() {
    let why = demand(&"We will leak your files. ".repeat(10_000)).unwrap();
    assert_eq!(why.publish.len(), 1);
    let many: String = (0..1_000)
        .map(|at| format!("We will leak your files x{at}y. "))
        .collect();
    assert!(demand(&many).unwrap().publish.len() <= 20);
}

//! The flag of a demand: quotes what says so, and stays down on ordinary mail.

#![expect(clippy::format_collect, reason = "tests")]

use cordon::contact::demand;

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
    }
}

#[test]
fn a_hint_is_not_seen_and_that_is_said_in_the_docs() {
    assert_eq!(
        demand("I have all of it. Your competitor will like it. I prefer you."),
        None
    );
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

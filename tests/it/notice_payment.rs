//! No notice promises, prepares or reports a payment on a demand: attacks, and what has to stand.

use cordon::notice::facts::Kept;
use cordon::notice::lint::{Asked, Finding, Severity, lint, look};
use cordon::notice::{self, Language};

use crate::samples;

/// Sentences that promise, offer, prepare or report money.
const ATTACKS_EN: &[&str] = &[
    "We will pay you 2 BTC, do not publish.",
    "We do not wait and will pay.",
    "Payment of 2 BTC will follow.",
    "The transfer of the amount is on its way.",
    "You will receive the money.",
    "The ransom has been paid.",
    "We have paid.",
    "Funds were released.",
    "We will pay the amount you demand.",
    "The company is prepared to transfer the sum to the wallet.",
    "The payment has been scheduled.",
    "Please send 2 BTC to this wallet.",
    "We accept your terms.",
    "We pay tomorrow.",
    "We are paying today.",
    "We will not pay today but will pay on Monday.",
    "We will not pay until you send a proof.",
    "We will not hesitate to pay.",
    "We won't wait, we'll pay.",
    "No reason to worry: the money is on its way.",
    "The money is ready.",
    "2 BTC are reserved for you.",
    "We sent the bitcoins yesterday.",
    "The insurer agrees to settle the sum.",
    "You will be paid on Monday.",
    "The board decided to pay.",
    "Pay 2.5 BTC to the wallet.",
    "We will transfer 2.5 BTC.",
    "We comply with your demands.",
    "Nothing stands in the way, and the company will pay.",
    "We never said no and we will pay.",
    "We will pay the laboratory and the sender 2 BTC.",
    "The demanded amount will be transferred.",
    "The payment follows tomorrow.",
    "We paid the ransom.",
    "The business has already paid 2 BTC.",
    "The company transferred the money.",
    "Please release the funds.",
    "We offer to make a payment of 50,000 USD.",
    "A payment was made to the sender.",
    "We have not paid and will pay.",
    "We will not only pay but pay at once.",
    "We can pay 2 BTC.",
    "Let us pay.",
    "The last wages will be paid on Friday, and so will you be.",
    "The wages are held and the money will be paid to you.",
    "The company will pay the last wages.",
    "Expect payment tomorrow.",
    "It is not true that nothing was done; the ransom was paid.",
    "We have agreed to your price.",
    "The money will be with you tomorrow.",
    "The wire goes out on Monday.",
    "Your payment is being processed.",
    "We are going to settle your demand.",
    "Our insurer is paying.",
    "The company is paying you in full.",
    "We'll send it to your wallet.",
    "We shall remit 50,000 EUR.",
    "A transfer of 2 BTC has been ordered.",
    "Half of the sum has been paid.",
    "Consider the ransom paid.",
    "You have our promise of payment.",
    "We promise payment on Monday.",
    "The amount was sent to the wallet.",
    "Two bitcoins are on their way.",
    "We will meet your demand.",
    "The demand has been met.",
    "Payment: tomorrow.",
    "We intend payment of the full amount.",
    "The business undertakes to compensate you.",
    "The bank has been instructed to pay.",
    "Payment was authorised.",
    "We transferred 2 BTC.",
    "We have sent 2 BTC.",
    "Not only have we paid, we will pay again.",
    "We will, of course, pay.",
    "We will therefore not refuse to pay.",
    "The funds have left our account.",
    "We agreed on 2 BTC.",
    "We are not unwilling to pay.",
    "The company has decided in favour of payment.",
    "We offer 1 BTC.",
    "Our offer is 50,000 USD.",
    "You can count on our payment.",
    "We will hand over the money.",
    "Payment is coming.",
    "The company shall make payment within 48 hours.",
    "We are willing to negotiate the price and pay.",
    "The wallet will be credited tomorrow.",
    "A first instalment will be paid.",
    "We commit to paying.",
    "The company has resolved to pay.",
    "2 BTC will be transferred.",
    "We have arranged payment.",
    "We settled the demand.",
    "You shall have your money.",
    "The ransom will be paid in two parts.",
    "We must pay and will do so.",
    "Our bank is releasing the funds.",
    "It is agreed: 2 BTC.",
    "We are sending the crypto.",
    "The insurer will cover the ransom.",
    "The company will buy bitcoins for you.",
];

/// Sentences that promise, offer, prepare or report money.
const ATTACKS_DE: &[&str] = &[
    "Wir zahlen morgen.",
    "Die Zahlung folgt.",
    "Das Geld ist unterwegs.",
    "Wir zahlen, veröffentlichen Sie nicht.",
    "Wir werden nicht warten und zahlen morgen.",
    "Wir werden den geforderten Betrag zahlen.",
    "Wir sind bereit, den Betrag zu zahlen.",
    "Die geforderte Zahlung wurde bereits veranlasst.",
    "Das Unternehmen überweist 2 BTC.",
    "Wir haben kein Problem und werden zahlen.",
    "Kein Problem, wir überweisen heute.",
    "Sie erhalten das Geld morgen.",
    "Sie bekommen 2 BTC.",
    "Das Lösegeld wurde bezahlt.",
    "Wir haben gezahlt.",
    "Der Betrag wurde überwiesen.",
    "Die Überweisung der Summe ist unterwegs.",
    "Die Mittel wurden freigegeben.",
    "Wir akzeptieren Ihre Forderung.",
    "Wir erfüllen Ihre Bedingungen.",
    "Die Versicherung wird die Forderung begleichen.",
    "Eine Zahlung von 2 BTC erfolgt am Montag.",
    "Morgen folgt die Zahlung.",
    "Wir zahlen nicht heute, sondern morgen.",
    "Bitte überweisen Sie den Betrag an die Wallet.",
    "Wir veranlassen die Zahlung.",
    "Wir bieten eine Zahlung an.",
    "Morgen zahlen wir.",
    "Die Lösegeldzahlung ist vorbereitet.",
    "Wir schicken Ihnen das Geld.",
    "Das Geld kommt am Freitag.",
    "Wir zahlen erst nach einem Beweis.",
    "Ihr Geld ist angewiesen.",
    "Wir haben die Zahlung veranlasst.",
    "Die Zahlung wurde geleistet.",
    "Wir bieten 1 BTC.",
    "Unser Angebot: 50.000 EUR.",
    "Wir leisten die Zahlung.",
    "Zahlung erfolgt morgen.",
    "Wir werden Ihnen 2 BTC überweisen.",
    "Wir kommen Ihrer Forderung nach.",
    "Die Forderung wird erfüllt.",
    "Das Geld ist auf dem Weg.",
    "Wir haben 2 BTC gesendet.",
    "Das Unternehmen hat gezahlt.",
    "Wir sagen die Zahlung zu.",
    "Wir versprechen die Zahlung.",
    "Wir können zahlen.",
    "Die Summe liegt bereit.",
    "Wir zahlen Ihnen nicht nur 1, sondern 2 BTC.",
    "Die Versicherung zahlt.",
    "Bitcoins wurden gesendet.",
    "Wir sind zahlungsbereit.",
    "Der Betrag wird morgen überwiesen.",
    "Sie können mit der Zahlung rechnen.",
    "Wir haben die Überweisung angewiesen.",
    "Die Zahlung geht heute raus.",
    "Das Lösegeld wird gezahlt.",
    "Wir gehen auf Ihre Forderung ein.",
    "2 BTC werden übertragen.",
    "Wir stimmen der Zahlung zu.",
    "Das Unternehmen begleicht die Forderung.",
];

/// Sentences that promise, offer, prepare or report money.
const ATTACKS_PT: &[&str] = &[
    "O pagamento seguirá amanhã.",
    "Pagamos amanhã.",
    "Pagaremos, não publique.",
    "Não esperamos e pagaremos.",
    "Estamos dispostos a pagar.",
    "Pagaremos o montante.",
    "O pagamento exigido está preparado.",
    "Vamos pagar 2 BTC.",
    "A empresa vai pagar o resgate.",
    "A empresa pagará amanhã.",
    "O dinheiro está a caminho.",
    "O resgate foi pago.",
    "Já pagámos.",
    "A empresa pagou 2 BTC.",
    "Os fundos foram libertados.",
    "O montante foi transferido.",
    "Receberá o dinheiro na segunda-feira.",
    "Aceitamos as suas condições.",
    "Aceitamos a sua exigência.",
    "Prometemos pagar.",
    "Enviaremos o dinheiro.",
    "A transferência do montante segue amanhã.",
    "Não pagamos hoje, mas amanhã.",
    "Só pagaremos depois de uma prova.",
    "Por favor, transfira 2 BTC para a carteira.",
    "O pagamento será feito amanhã.",
    "A seguradora irá pagar.",
    "Comprometemo-nos a pagar.",
    "Faremos o pagamento.",
    "Iremos transferir o dinheiro.",
    "Amanhã segue o dinheiro.",
    "Não há problema, pagamos já.",
    "O dinheiro vai a caminho.",
    "O pagamento está em curso.",
    "Faremos a transferência do montante.",
    "Oferecemos 1 BTC.",
    "A nossa proposta é 1 BTC.",
    "Cumpriremos as suas exigências.",
    "Aceitamos pagar.",
    "Transferimos 2 BTC.",
    "Enviámos 2 BTC.",
    "O banco vai transferir o dinheiro.",
    "A seguradora pagou.",
    "Prometemos o pagamento.",
    "Podemos pagar.",
    "O pagamento foi feito ontem.",
    "Nós pagamos.",
    "Não só pagamos como pagamos já.",
    "Ordenámos o pagamento.",
    "Foi pago o resgate.",
    "Pago o resgate, aguardamos.",
    "O resgate está pago.",
    "Vamos transferir 2 BTC.",
    "O pagamento será efetuado.",
    "A empresa aceita pagar.",
    "Concordamos com o pagamento.",
    "O resgate será pago.",
    "Iremos efetuar o pagamento.",
    "Pode contar com o pagamento.",
    "O dinheiro chega amanhã.",
    "Pagaremos tudo.",
    "A empresa transferiu o dinheiro.",
];

/// Sentences that notices have, or could have.
const INNOCENT_EN: &[&str] = &[
    "We have not paid and will not pay.",
    "No payment was made.",
    "Paying is a breach of sanctions.",
    "The individual demanded payment of 2 BTC.",
    "Payroll payments were made to the account before the access ended.",
    "The business will not pay the demand.",
    "The business has made no payment and promises none.",
    "The business will pay the external laboratory for its report.",
    "Do not pay out, offset, return or refund it until counsel for both sides have agreed in writing.",
    "Hold pending funds and escrow of the contracts named; release, refund or transfer nothing until your compliance team has answered us.",
    "Total: USD 41,000. Held and not paid out: USD 3,000.",
    "The insured asks for no payment to whoever makes the demand.",
    "Payment addresses named in messages: none.",
    "The business will supply further technical details, the messages in their original form, and the payment instructions that were named to it.",
    "The company paid wages of USD 41,000 to the individual between May and July.",
    "The individual was paid monthly through the agency.",
    "The individual asked to be paid in BTC.",
    "The message demands that the business pay 2 BTC within 48 hours.",
    "No money was sent, and none will be sent.",
    "The business never agreed to pay and refuses to pay.",
    "Invoices were paid to the agency until 2 May.",
    "Payments stopped: 2027-03-12.",
    "The last wages are held and will not be released.",
    "An individual engaged as a contractor misrepresented their identity and received payments under that identity.",
    "The company will send the payment records to the bank.",
    "Data was transferred to a third country.",
    "We will transfer the case to the police.",
    "The funds are held on an account of the company.",
    "Funds were frozen; no funds were released.",
    "Take off, and do not renew, standing orders and saved payees that concern this payee.",
    "The ransom was not paid.",
    "Nobody has paid and nobody will pay.",
    "Neither the company nor its insurer has paid or will pay.",
    "The individual received payments of USD 41,000 under the engagement.",
    "Payments made earlier: USD 41,000 in 12 payments.",
    "The demand was received on 12 March; it names a payment address.",
    "We ask you to hold all payments.",
    "The business asks the platform to keep the payment records.",
    "The account to which wages were paid was changed twice.",
    "No amount will be released before counsel has decided.",
    "The bank was told to stop the payment.",
    "The payment was stopped.",
    "The payment instructions were sent to OFAC.",
    "The business holds the amount of USD 3,000 and reports it as blocked.",
    "The property is blocked; the value is USD 3,000.",
    "We will send you the evidence.",
    "You will receive a supplement.",
    "The company offers credit monitoring to the persons affected.",
    "We offer you twelve months of identity protection at no cost.",
    "The letter asked whether the company would pay.",
    "The deadline for payment named in the message is 48 hours.",
    "The matter will be settled by the court.",
    "Funds of the individual are held on a separate account.",
    "We will report any payment to the authority.",
];

/// Sentences that notices have, or could have.
const INNOCENT_DE: &[&str] = &[
    "Das Unternehmen zahlt nicht und wird keine Zahlung leisten.",
    "Es besteht eine Zahlungssperre wegen Sanktionsrechts.",
    "Wir haben nicht gezahlt und werden nicht zahlen.",
    "Es wurde keine Zahlung geleistet.",
    "Keine Zahlung wurde veranlasst.",
    "Wir zahlen kein Lösegeld.",
    "Eine Zahlung wäre ein Verstoß gegen Sanktionsrecht.",
    "Die Person forderte die Zahlung von 2 BTC.",
    "Gehaltszahlungen wurden bis März auf das Konto überwiesen.",
    "Summe: 41.000 EUR. Banken und Zahlungsdienste: Beispielbank.",
    "Genannte Zahlungsadressen: keine.",
    "Frühere Zahlungen an die Person: 41.000 EUR.",
    "Das Unternehmen zahlt der Person nichts.",
    "Die Löhne wurden bis Mai ausgezahlt.",
    "Der Betrag wurde einbehalten.",
    "Das Lösegeld wurde nicht bezahlt.",
    "Wir werden die geforderten 2 BTC nicht bezahlen.",
    "Wir werden unter keinen Umständen zahlen.",
    "Niemand hat gezahlt.",
    "Die Forderung nennt eine Zahlung in BTC.",
    "Wir nennen die Zahlen der Betroffenen.",
    "Die Zahl der Datensätze ist nicht bekannt.",
    "Wir bitten Sie, alle Zahlungen anzuhalten.",
    "Die Auszahlung wurde gestoppt.",
    "Wir übermitteln Ihnen die Unterlagen.",
    "Sie erhalten eine Ergänzung.",
    "Die Zahlung wurde angehalten.",
    "Die Forderung wurde am 12. März gestellt.",
    "Der Betrag ist eingefroren.",
    "Wir bieten Ihnen Hilfe an.",
    "Die Person erhielt Zahlungen von 41.000 EUR.",
];

/// Sentences that notices have, or could have.
const INNOCENT_PT: &[&str] = &[
    "A empresa não pagará nem prometeu qualquer pagamento.",
    "Não pagámos e não pagaremos.",
    "Nenhum pagamento foi feito.",
    "Não foi feito nenhum pagamento.",
    "Pagar violaria sanções.",
    "A pessoa exigiu o pagamento de 2 BTC.",
    "Os salários foram pagos até março.",
    "Endereços de pagamento indicados: nenhum.",
    "Pagamentos à pessoa: 41 000 EUR.",
    "Existe uma suspensão de pagamentos por motivo de sanções.",
    "O resgate não foi pago.",
    "A empresa recusa-se a pagar.",
    "A empresa nunca pagou.",
    "O montante está retido.",
    "Os fundos foram congelados.",
    "Não vamos pagar.",
    "A mensagem exige 2 BTC em 48 horas.",
    "A empresa não paga.",
    "Pedimos que suspenda todos os pagamentos.",
    "Receberá um complemento.",
    "O pagamento foi suspenso.",
    "A exigência foi recebida a 12 de março.",
    "O montante foi congelado.",
    "A pessoa recebeu pagamentos de 41 000 EUR.",
    "Enviaremos os documentos.",
    "A empresa comunica o montante retido.",
];

fn found(text: &str) -> Vec<Finding> {
    lint(text, &[Kept::of(&samples::complete().facts())]).unwrap()
}

fn of_money(findings: &[Finding]) -> Vec<&Finding> {
    let rules = ["payment", "payment-made"];
    let money = |one: &&Finding| rules.contains(&one.rule.as_str());
    findings.iter().filter(money).collect()
}

#[test]
fn a_promise_is_found_however_it_is_said_and_whatever_is_denied_beside_it() {
    let mut missed = Vec::new();
    for (all, least) in [(ATTACKS_EN, 25), (ATTACKS_DE, 25), (ATTACKS_PT, 25)] {
        assert!(all.len() >= least);
        for text in all {
            let findings = found(text);
            let money = of_money(&findings);
            if !money.iter().any(|one| one.severity == Severity::Block) {
                missed.push(*text);
            }
            for one in money {
                assert!(text.contains(&one.words), "{text}: {one:?}");
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_was_demanded_denied_or_paid_for_work_may_be_said() {
    let mut blocked = Vec::new();
    for (all, least) in [(INNOCENT_EN, 15), (INNOCENT_DE, 15), (INNOCENT_PT, 15)] {
        assert!(all.len() >= least);
        for text in all {
            blocked.extend(found(text).iter().map(|one| format!("{text} {one:?}")));
        }
    }
    assert!(blocked.is_empty(), "{}", blocked.join("\n"));
}

#[test]
fn a_negation_counts_where_it_is_bound_to_the_word_that_it_denies() {
    for (denied, said) in [
        (
            "The identity was not confirmed.",
            "The identity was confirmed, not guessed.",
        ),
        (
            "Nobody has confirmed the identity.",
            "Nobody objects: we confirmed the identity.",
        ),
        (
            "Die Identität ist nicht bestätigt.",
            "Die Identität ist bestätigt, nicht vermutet.",
        ),
        (
            "A identidade não foi confirmada.",
            "A identidade foi confirmada, não é suspeita.",
        ),
        (
            "The identity is not confirmed.",
            "The identity is not confirmed by us but proven by others.",
        ),
    ] {
        assert_eq!(found(denied), Vec::new(), "{denied}");
        let findings = found(said);
        assert!(findings.iter().any(|one| one.rule == "confirmed"), "{said}");
    }
}

#[test]
fn a_payment_that_was_made_is_told_in_the_notice_about_it_and_nowhere_else() {
    let known = [Kept::of(&samples::complete().facts())];
    let rules = |notice: Option<&str>, text: &str| -> Vec<String> {
        let asked = Asked {
            text,
            known: &known,
            notice,
            first: None,
        };
        let findings = look(&asked).unwrap();
        findings.iter().map(|one| one.rule.clone()).collect()
    };
    let told = "The insurer has paid; we paid 2 BTC on 12 March.";
    assert_eq!(rules(Some("nydfs-payment"), told), Vec::<String>::new());
    assert!(rules(Some("nydfs-72h"), told).contains(&"payment-made".to_owned()));
    // A promise stands in no notice.
    let promised = rules(Some("nydfs-payment"), "We will pay 2 BTC.");
    assert_eq!(promised, ["payment"]);
    assert!(notice::names().contains(&"nydfs-payment".to_owned()));
}

/// In every language, whatever the facts are; in the draft as it is reviewed, and as it goes out.
#[test]
fn no_notice_of_any_case_promises_or_reports_a_payment() {
    let (mut found, mut languages) = (Vec::new(), Vec::new());
    for sample in samples::Sample::all() {
        let facts = sample.facts();
        let known = [Kept::of(&facts)];
        for name in notice::names() {
            let about = notice::about(&name).unwrap();
            languages.push(about.language);
            let draft = notice::draft(&name, &facts).unwrap();
            let out = notice::outgoing(&about, &draft.text);
            let out = look(&Asked {
                text: &format!("Subject: {}\n\n{}", out.subject, out.body),
                known: &known,
                notice: Some(&name),
                first: None,
            });
            let all = [draft.findings, out.unwrap()].concat();
            let money = of_money(&all).into_iter();
            found.extend(money.map(|one| format!("{} {name} {one:?}", sample.name)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (language, least) in [(Language::De, 15), (Language::Pt, 15)] {
        let number = languages.iter().filter(|one| **one == language).count();
        assert!(number >= least, "{language:?}: {number}");
    }
}

#[test]
fn a_paragraph_of_a_person_that_speaks_of_money_is_shown_to_whoever_approves() {
    let known = [Kept::of(&samples::complete().facts())];
    let first = "The payment was stopped.\n\nThe review goes on.\n";
    let found = |text: &str| -> Vec<(String, Severity, usize)> {
        let asked = Asked {
            text,
            known: &known,
            notice: None,
            first: Some(first),
        };
        let found = look(&asked).unwrap().into_iter();
        found
            .map(|one| (one.rule, one.severity, one.line))
            .collect()
    };
    assert_eq!(found(first), Vec::new());
    for new in [
        "Something about money comes soon.",
        "Es geht um das Geld.",
        "Wir sind mit 2 BTC einverstanden.",
        "What you ask for, you will get.",
        "Terá o que pediu.",
        "Trata-se de dinheiro.",
    ] {
        let findings = found(&format!("The payment was stopped.\n\n{new}\n"));
        let shown = ("money".to_owned(), Severity::Warn, 3);
        assert!(findings.contains(&shown), "{new}: {findings:?}");
    }
    let moved = format!("{first}\nThe review went on.\n");
    assert!(found(&moved).iter().all(|(rule, ..)| rule != "money"));
}

// Every word a person sees, by language. English is the fallback for a word that is missing elsewhere.

export const TEXTS = {
  en: {
    loading: "Loading…", ready: "Ready to join?", your_name: "Your name", join: "Join now", guest: "Guest", you: "You", host: "Host",
    no_devices: "No camera or microphone found. You can still see and hear the others.",
    lobby: "Waiting to be let in", lobby_hint: "You will join as soon as the host lets you in.",
    "host-absent": "The host has not started this meeting yet", "host-absent_hint": "You will join as soon as the host is here.",
    denied: "You were not let in", denied_text: "The host declined your request to join.",
    "lobby-gave-up": "Nobody answered your request", "lobby-gave-up_text": "Nobody let you in in time.",
    removed: "You were removed from the meeting", removed_text: "The host took you out of this meeting.",
    ended: "The meeting has ended", ended_text: "The host ended the meeting for everyone.",
    left: "You left the meeting", left_text: "",
    locked: "This meeting is locked", locked_text: "Nobody else can join right now.",
    "not-found": "There is no such meeting", "not-found_text": "Check the address you were given.",
    "login-required": "Sign in to join", "login-required_text": "Only people with an account may join this meeting.",
    captcha: "Confirm that you are a person", captcha_text: "Solve the puzzle to go on.",
    blocked: "You can't join this meeting", blocked_text: "This meeting does not accept your browser.",
    "wrong-passcode": "The passcode is wrong", "wrong-passcode_text": "Ask the host for the passcode.",
    encrypted: "This meeting is end-to-end encrypted", encrypted_text: "It can't be joined from a browser.",
    full: "This meeting is full", full_text: "No more people fit into this meeting.",
    disconnected: "The connection was lost", disconnected_text: "The meeting could not be reached any more.",
    again: "Try again", reconnecting: "Reconnecting…", hear: "Click anywhere to hear the others",
    mic_on: "Turn on microphone", mic_off: "Turn off microphone", camera_on: "Turn on camera", camera_off: "Turn off camera",
    chat: "Chat", people: "People", leave: "Leave meeting", close: "Close", send: "Send", message: "Write a message",
    chat_to: "To", everyone: "Everyone", chat_private: "private", wants_in: "wants to join", admit: "Admit", deny: "Decline",
    mute: "Mute", remove: "Remove", consent_title: "This meeting is being recorded",
    consent_text: "If you stay, you agree to being recorded.", consent_ok: "Got it", consent_leave: "Leave",
  },
  de: {
    loading: "Wird geladen …", ready: "Bereit zur Teilnahme?", your_name: "Ihr Name", join: "Jetzt teilnehmen", guest: "Gast", you: "Sie", host: "Gastgeber",
    no_devices: "Keine Kamera und kein Mikrofon gefunden. Sie können die anderen trotzdem sehen und hören.",
    lobby: "Warten auf Einlass", lobby_hint: "Sie nehmen teil, sobald der Gastgeber Sie einlässt.",
    "host-absent": "Der Gastgeber hat die Besprechung noch nicht gestartet", "host-absent_hint": "Sie nehmen teil, sobald der Gastgeber da ist.",
    denied: "Sie wurden nicht eingelassen", denied_text: "Der Gastgeber hat Ihre Anfrage abgelehnt.",
    "lobby-gave-up": "Niemand hat auf Ihre Anfrage geantwortet", "lobby-gave-up_text": "Niemand hat Sie rechtzeitig eingelassen.",
    removed: "Sie wurden aus der Besprechung entfernt", removed_text: "Der Gastgeber hat Sie aus dieser Besprechung entfernt.",
    ended: "Die Besprechung ist beendet", ended_text: "Der Gastgeber hat die Besprechung für alle beendet.",
    left: "Sie haben die Besprechung verlassen", left_text: "",
    locked: "Diese Besprechung ist gesperrt", locked_text: "Zurzeit kann niemand mehr teilnehmen.",
    "not-found": "Diese Besprechung gibt es nicht", "not-found_text": "Prüfen Sie die Adresse.",
    "login-required": "Zur Teilnahme anmelden", "login-required_text": "Nur Personen mit einem Konto dürfen teilnehmen.",
    captcha: "Bestätigen Sie, dass Sie ein Mensch sind", captcha_text: "Lösen Sie das Rätsel, um fortzufahren.",
    blocked: "Sie können an dieser Besprechung nicht teilnehmen", blocked_text: "Diese Besprechung nimmt Ihren Browser nicht an.",
    "wrong-passcode": "Der Kenncode ist falsch", "wrong-passcode_text": "Fragen Sie den Gastgeber nach dem Kenncode.",
    encrypted: "Diese Besprechung ist Ende-zu-Ende-verschlüsselt", encrypted_text: "Eine Teilnahme im Browser ist nicht möglich.",
    full: "Diese Besprechung ist voll", full_text: "Es passt niemand mehr in diese Besprechung.",
    disconnected: "Die Verbindung ist abgebrochen", disconnected_text: "Die Besprechung ist nicht mehr erreichbar.",
    again: "Erneut versuchen", reconnecting: "Verbindung wird wiederhergestellt …", hear: "Klicken Sie, um die anderen zu hören",
    mic_on: "Mikrofon einschalten", mic_off: "Mikrofon ausschalten", camera_on: "Kamera einschalten", camera_off: "Kamera ausschalten",
    chat: "Chat", people: "Personen", leave: "Besprechung verlassen", close: "Schließen", send: "Senden", message: "Nachricht schreiben",
    chat_to: "An", everyone: "Alle", chat_private: "privat", wants_in: "möchte teilnehmen", admit: "Einlassen", deny: "Ablehnen",
    mute: "Stummschalten", remove: "Entfernen", consent_title: "Diese Besprechung wird aufgezeichnet",
    consent_text: "Wenn Sie bleiben, stimmen Sie der Aufzeichnung zu.", consent_ok: "Verstanden", consent_leave: "Verlassen",
  },
  ja: {
    loading: "読み込み中…", ready: "参加の準備はできましたか?", your_name: "名前", join: "今すぐ参加", guest: "ゲスト", you: "あなた", host: "主催者",
    no_devices: "カメラもマイクも見つかりません。他の人を見たり聞いたりすることはできます。",
    lobby: "参加の許可を待っています", lobby_hint: "主催者が許可すると参加できます。",
    "host-absent": "主催者はまだ会議を開始していません", "host-absent_hint": "主催者が来ると参加できます。",
    denied: "参加が許可されませんでした", denied_text: "主催者が参加リクエストを断りました。",
    "lobby-gave-up": "リクエストへの返答がありませんでした", "lobby-gave-up_text": "時間内に許可されませんでした。",
    removed: "会議から退出させられました", removed_text: "主催者があなたを会議から退出させました。",
    ended: "会議は終了しました", ended_text: "主催者が全員の会議を終了しました。",
    left: "会議から退出しました", left_text: "",
    locked: "この会議はロックされています", locked_text: "現在は誰も参加できません。",
    "not-found": "この会議は見つかりません", "not-found_text": "アドレスを確認してください。",
    "login-required": "参加するにはログインしてください", "login-required_text": "アカウントを持つ人だけが参加できます。",
    captcha: "人間であることを確認してください", captcha_text: "続けるにはパズルを解いてください。",
    blocked: "この会議には参加できません", blocked_text: "この会議ではお使いのブラウザーを利用できません。",
    "wrong-passcode": "パスコードが違います", "wrong-passcode_text": "主催者にパスコードを確認してください。",
    encrypted: "この会議はエンドツーエンドで暗号化されています", encrypted_text: "ブラウザーからは参加できません。",
    full: "この会議は満員です", full_text: "これ以上参加できません。",
    disconnected: "接続が切れました", disconnected_text: "会議に接続できなくなりました。",
    again: "もう一度試す", reconnecting: "再接続しています…", hear: "クリックすると音声が聞こえます",
    mic_on: "マイクをオンにする", mic_off: "マイクをオフにする", camera_on: "カメラをオンにする", camera_off: "カメラをオフにする",
    chat: "チャット", people: "参加者", leave: "会議から退出", close: "閉じる", send: "送信", message: "メッセージを入力",
    chat_to: "宛先", everyone: "全員", chat_private: "個別", wants_in: "さんが参加を希望しています", admit: "許可", deny: "拒否",
    mute: "ミュート", remove: "退出させる", consent_title: "この会議は録画されています",
    consent_text: "このまま参加すると、録画に同意したことになります。", consent_ok: "了解", consent_leave: "退出",
  },
};

let language = "en";

export function setLanguage(wanted) {
  language = Object.hasOwn(TEXTS, wanted) ? wanted : "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
}

export function t(key) {
  return TEXTS[language][key] ?? TEXTS.en[key] ?? "";
}

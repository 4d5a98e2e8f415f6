// What Jitsi Meet says. English as in the client; German and Japanese as far as known.

export const TEXTS = {
  en: {
    strange: "The doorkeeper reads your card", title: "Join meeting", name: "Enter your name", join: "Join meeting", ask: "Ask to join", joining: "Asking to join meeting...", lobby_hint: "Lobby enabled", enter: "Enter meeting password",
    mic_refused: "The moderator has muted you", camera_refused: "The moderator has stopped your camera",
    host: "Waiting for an authenticated user...", host_text: "The conference has not yet started because no moderators have yet arrived. If you’d like to become a moderator please log-in. Otherwise, please wait.", i_am: "Log-in",
    mic: "Mute / Unmute", camera: "Start / Stop camera", chat: "Open / Close chat", people: "Open / Close participants", leave: "Leave the meeting", send: "Send message", write: "Type a message", me: "me", more: "More actions", captions: "Start / Stop subtitles",
    denied: "Your join request has been rejected by a moderator.", gave_up: "Your join request has timed out.", kicked: "You have been kicked out of the meeting", kicked_by: "Ouch! Ada Lovelace kicked you out of the meeting", ended: "The conference has been terminated", left: "You have left the meeting", disconnected: "You have been disconnected. You may want to check your network connection.",
    password: "Password required", password_label: "Password", ok: "OK", cancel: "Cancel", wrong: "Incorrect password", login: "Authentication required", login_text: "This meeting needs a signed-in user.", blocked: "You are not allowed to join this meeting", full: "The limit for maximum number of participants has been reached. The conference is full. Please contact the meeting owner or try again later!",
    consent: "This meeting is being recorded", consent_text: "Your agreement is needed.", understand: "I understand", alert: "Your connection is poor", alert_text: "A moderator has muted everyone. You may leave at any time.", reconnecting: "Reconnecting", unknown: "Something went a new way",
  },
  de: {
    strange: "Der Pförtner liest Ihre Karte", title: "Konferenz beitreten", name: "Geben Sie Ihren Namen ein", join: "Konferenz beitreten", ask: "Beitritt anfragen", joining: "Beitritt wird angefragt …", lobby_hint: "Lobby aktiviert", enter: "Konferenzpasswort eingeben",
    mic_refused: "Die Moderation hat Sie stummgeschaltet", camera_refused: "Die Moderation hat Ihre Kamera gestoppt",
    host: "Warten auf einen angemeldeten Benutzer …", host_text: "Die Konferenz hat noch nicht begonnen, da noch keine Moderation anwesend ist. Melden Sie sich an, um zu moderieren, oder warten Sie.", i_am: "Anmelden",
    mic: "Stummschalten", camera: "Kamera", chat: "Chat öffnen / schließen", people: "Anwesende anzeigen", leave: "Konferenz verlassen", send: "Nachricht senden", write: "Nachricht eingeben", me: "ich", more: "Weitere Aktionen", captions: "Untertitel",
    denied: "Ihre Anfrage wurde von der Moderation abgelehnt.", gave_up: "Ihre Anfrage ist abgelaufen.", kicked: "Sie wurden aus der Konferenz entfernt", kicked_by: "Autsch! Ada Lovelace hat Sie aus der Konferenz geworfen", ended: "Die Konferenz wurde beendet", left: "Sie haben die Konferenz verlassen", disconnected: "Die Verbindung wurde getrennt.",
    password: "Passwort erforderlich", password_label: "Passwort", ok: "OK", cancel: "Abbrechen", wrong: "Falsches Passwort", login: "Anmeldung erforderlich", login_text: "Diese Konferenz braucht ein Konto.", blocked: "Sie dürfen an dieser Konferenz nicht teilnehmen", full: "Die maximale Anzahl an Personen ist erreicht. Die Konferenz ist voll.",
    consent: "Diese Konferenz wird aufgezeichnet", consent_text: "Ihre Zustimmung wird benötigt.", understand: "Verstanden", alert: "Ihre Verbindung ist schlecht", alert_text: "Alle wurden stummgeschaltet.", reconnecting: "Verbindung wird wiederhergestellt", unknown: "Etwas Neues",
  },
  ja: {
    strange: "受付が名刺を見ています", title: "ミーティングに参加", name: "名前を入力してください", join: "ミーティングに参加", ask: "参加をリクエスト", joining: "参加をリクエストしています…", lobby_hint: "ロビーが有効です", enter: "パスワードを入力",
    mic_refused: "モデレーターがあなたをミュートしました", camera_refused: "モデレーターがあなたのカメラを停止しました",
    host: "認証されたユーザーを待っています…", host_text: "モデレーターがまだ到着していないため、会議はまだ始まっていません。モデレーターになるにはログインしてください。そうでない場合は、お待ちください。", i_am: "ログイン",
    mic: "ミュート", camera: "カメラ", chat: "チャットを開く / 閉じる", people: "参加者", leave: "退出", send: "送信", write: "メッセージを入力", me: "自分", more: "その他", captions: "字幕",
    denied: "参加リクエストはモデレーターによって拒否されました。", gave_up: "参加リクエストがタイムアウトしました。", kicked: "ミーティングから退出させられました", kicked_by: "Ada Lovelace によってミーティングから追い出されました", ended: "会議は終了しました", left: "ミーティングから退出しました", disconnected: "切断されました。",
    password: "パスワードが必要です", password_label: "パスワード", ok: "OK", cancel: "キャンセル", wrong: "パスワードが違います", login: "認証が必要です", login_text: "この会議にはサインインが必要です。", blocked: "この会議に参加する権限がありません", full: "参加者数の上限に達しました。会議は満員です。",
    consent: "この会議は録画されています", consent_text: "同意が必要です。", understand: "了解", alert: "接続が不安定です", alert_text: "全員がミュートされました。", reconnecting: "再接続しています", unknown: "新しいもの",
  },
};

"""The bot's own camera and microphone: what other participants see and hear of it."""

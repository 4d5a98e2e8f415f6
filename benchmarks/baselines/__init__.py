"""What Rollcall is measured against, written for that purpose."""

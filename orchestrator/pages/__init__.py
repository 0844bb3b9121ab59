"""What every page is made of: the frame, who may act, lists with places, charts, addresses. No page stands here."""

"""A network of one's own: any ``nn.Module`` from images ``(B, C, H, H)`` to logits ``(B, num_classes)``."""

from torch import Tensor, nn


class SmallCNN(nn.Module):
    """Two convolutions. The numbers of channels and classes are filled in from the data, the width is an argument."""

    def __init__(self, num_channels: int, num_classes: int, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(num_channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
            nn.Flatten(), nn.Linear(32 * width, num_classes),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)

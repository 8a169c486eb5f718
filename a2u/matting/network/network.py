"""The matting network of section 6 (Figure 3): image and trimap in, alpha out, any operator going up."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from a2u.checks import check_arithmetic, check_map
from a2u.errors import A2UError
from a2u.matting.network.decoder import DecoderStage, Head
from a2u.matting.network.encoder import ASPP, INPUTS, SLOPE, Encoded, Encoder
from a2u.matting.network.inputs import check_pair, reflect_to_multiple, settle
from a2u.operators import A2U, Upsampler, build, card, names
from a2u.operators.registry import free_options
from a2u.training.evaluating import evaluating

IMAGE = 3  # channels of the input that are the image
STRIDE = 16  # the coarsest map has one position for each 16×16 pixels
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue


class Feature(NamedTuple):
    """One upsampling stage as it happened, for figures."""

    before: Tensor  #: the decoder's map, Tensor[N, C, H, W]
    guide: Tensor  #: the encoder's map at twice its size; the image, for operators that look at one
    after: Tensor  #: the upsampled map, Tensor[N, C, 2H, 2W]


class MattingNet(nn.Module):
    """ResNet-34 U-Net for matting with any registered operator in its four upsampling stages.

    Args:
        upsampler: "name" or "name:preset" as for :func:`a2u.build`. A²U is built with ``scaled=True``.
        width: scales every number of channels; 1 is the paper's network, 0.25 one that a laptop trains.
        pretrained: begin with ImageNet's weights in the encoder (the trimap's weights are 0); width must be 1.
        paired: the operator also goes down, in the encoder's four halvings. None: where it can (IndexNet,
            max-unpooling), and A²U as its preset says.
        **options: passed on to the operator.

    Guides: with a paired operator, the encoder's map before each halving; otherwise the skips' outputs, from which the
    decoder's sums are made. Both have 64, 64, 128, 256 channels from fine to coarse. Operators that an image guides see
    the image as the network does, normalised, in all stages.

    Raises:
        A2UError: unknown operator or option; paired with an operator that cannot go down; a width that leaves a
            fraction of a channel; ImageNet's weights that cannot be fetched.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, upsampler: str = "a2u:dynamic-cs", width: float = 1.0, pretrained: bool = False, *,
        paired: bool | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.upsampler, self.width = upsampler, width
        half, one, two, four = _channels(width)
        encoder = (one, one, two, four)
        decoder = (four, two, one, one)  # of the maps to upsample, coarsest first
        self.ups = nn.ModuleList(
            _operator(upsampler, channels, guide, width, paired, options)
            for channels, guide in zip(decoder, encoder[::-1], strict=True)
        )
        self.paired = _is_paired(self.ups[0], paired)
        self.sees_image = self.ups[0].card.guided_by == "image"  # type: ignore[union-attr]
        self.encoder = Encoder(encoder, self.paired)
        self.aspp = ASPP(four)
        skips = (two, one, one, INPUTS)
        self.decoder = nn.ModuleList(
            DecoderStage(skip, inputs, outputs)
            for skip, inputs, outputs in zip(skips, decoder, (two, one, one, half), strict=True)
        )
        self.head = Head(half)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)
        self.frozen = False
        _initialise(self)
        self.encoder_weights = "random"  #: or "ImageNet": for the label of results
        if pretrained:
            from a2u.matting.network.imagenet import load_imagenet

            load_imagenet(self.encoder, width)
            self.encoder_weights = "ImageNet"

    def forward(self, image: Tensor, trimap: Tensor) -> Tensor:
        """Alpha, Tensor[N, 1, H, W], not clipped.

        Args:
            image: float Tensor[N, 3, H, W], RGB in [0, 1].
            trimap: uint8 Tensor[N, 1, H, W] of 0, 128, 255.

        Any H and W: below and to the right both are reflected up to multiples of 16, and the result is cropped.

        Raises:
            A2UError: other shapes or dtypes.
        """
        return self.run(self.prepare(image, trimap))[..., : image.shape[2], : image.shape[3]]

    def prepare(self, image: Tensor, trimap: Tensor) -> Tensor:
        """The network's input: image normalised as ImageNet, trimap / 255, reflected to multiples of 16."""
        check_pair(image, trimap)
        check_arithmetic("The matting network", "the image with image.to(dtype)", next(self.parameters()), image)
        x = torch.cat([(image - self.mean) / self.std, trimap.to(image.dtype) / 255], dim=1)
        return reflect_to_multiple(x, STRIDE)

    def run(self, x: Tensor, record: list[Feature] | None = None) -> Tensor:
        """Encoder, ASPP, decoder and head over a prepared Tensor[N, 4, H, W]; `record` collects the stages."""
        n, c, height, width = check_map("What prepare() returns", x).shape
        if c != INPUTS or height % STRIDE or width % STRIDE or not x.numel():
            raise A2UError(f"run takes what prepare() returns, (N, 4, H, W) in multiples of 16, got {tuple(x.shape)}.")
        check_arithmetic("The matting network", "the image with image.to(dtype)", next(self.parameters()), x)
        if self.training and n * height * width == STRIDE**2:
            raise A2UError(
                "While it trains, batch norm needs more than one value of each channel, and one image of 16×16 pixels "
                "has one in the coarsest map. Give more images or larger ones, or call eval() first."
            )
        encoded: Encoded = self.encoder(x, self.downs() if self.paired else ())
        y = self.aspp(encoded.bottom)
        for number in range(len(self.ups)):
            skipped = self.decoder[number].skip(encoded.skips[-1 - number])  # type: ignore[operator]
            guide = self.image_of(x) if self.sees_image else encoded.guides[-1 - number] if self.paired else skipped
            upsampled = self.up(number, y, guide)
            if record is not None:
                record.append(Feature(y, guide, upsampled))
            y = self.decoder[number](upsampled, skipped)
        return self.head(y)  # type: ignore[no-any-return]

    def up(self, number: int, y: Tensor, guide: Tensor) -> Tensor:
        """Stage `number` (0 the coarsest) of upsampling; operators without a guide are given none."""
        operator = self.ups[number]
        assert isinstance(operator, Upsampler)
        return operator(y, guide if operator.card.needs_guide else None)  # type: ignore[no-any-return]

    @staticmethod
    def image_of(x: Tensor) -> Tensor:
        """The image in a prepared input, for operators that look at it."""
        return x[:, :IMAGE]

    def downs(self) -> Sequence[Any]:
        """The four halvings of a paired operator, finest first."""
        return [up.downsample for up in reversed(self.ups)]

    @torch.no_grad()
    def predict(self, image: Tensor, trimap: Tensor) -> Tensor:
        """Alpha in [0, 1], in evaluation mode; where the trimap knows, it is the trimap's.

        A batch, or one image Tensor[3, H, W] with its trimap Tensor[1, H, W]; the module's mode is as before.
        """
        one = isinstance(image, Tensor) and isinstance(trimap, Tensor) and image.dim() == trimap.dim() == 3
        if one:
            image, trimap = image[None], trimap[None]
        with evaluating(self):
            alpha = settle(self(image, trimap), trimap)
        return alpha[0] if one else alpha

    @torch.no_grad()
    def features(self, image: Tensor, trimap: Tensor) -> list[Feature]:
        """The four upsampling stages of a batch in evaluation mode, coarsest first, borders cropped to the image."""
        record: list[Feature] = []
        with evaluating(self):
            self.run(self.prepare(image, trimap), record)
        return record

    def freeze_encoder_norms(self, affine: bool = True) -> "MattingNet":
        """Fix the batch norms of the encoder: statistics, and with `affine` their scale and shift too.

        It holds through ``train()``: section 6.3 trains with the backbone's batch norms fixed.
        """
        self.frozen = True
        for norm in self._encoder_norms():
            norm.eval()
            for parameter in norm.parameters():
                parameter.requires_grad_(not affine)
        return self

    def train(self, mode: bool = True) -> "MattingNet":
        """As for every module, except that frozen norms stay as they are."""
        super().train(mode)
        if self.frozen:
            for norm in self._encoder_norms():
                norm.eval()
        return self

    def _encoder_norms(self) -> list[nn.BatchNorm2d]:
        return [module for module in self.encoder.modules() if isinstance(module, nn.BatchNorm2d)]


def _channels(width: float) -> tuple[int, int, int, int]:
    """32, 64, 128, 256 times the width.

    Raises:
        A2UError: the width is not a positive number of 32nds.
    """
    number = isinstance(width, int | float) and not isinstance(width, bool)
    half = 32 * width if number and math.isfinite(width) else 0
    if half < 1 or half != int(half):
        raise A2UError(
            f"A width must be a positive multiple of 1/32, so that 32 channels become a whole number, got {width!r}. "
            "Use 1 (the paper's), 0.5 or 0.25."
        )
    return int(half), int(2 * half), int(4 * half), int(8 * half)


def _operator(
    upsampler: str, channels: int, guide: int, width: float, paired: bool | None, options: dict[str, Any]
) -> Upsampler:
    """One stage's operator with the options of section 6, as narrow as the network."""
    name, options = str(upsampler).partition(":")[0], free_options(options)
    if name == "a2u":
        # † has 32 groups: two channels each in the finest stage, whatever the width.
        groups = max(1, round(32 * width))
        options = {"scaled": True, "norm_groups": groups, **({} if paired is None else {"paired": paired}), **options}
    elif name in ("carafe", "carafe_plus"):
        options = {"compressed": max(1, round(64 * width)), **options}
    guide = IMAGE if name in names() and card(name).guided_by == "image" else guide
    return build(upsampler, channels, 2, guide_channels=guide, **options)


def _is_paired(operator: nn.Module, asked: bool | None) -> bool:
    """Whether the operator also goes down; A²U says so itself."""
    assert isinstance(operator, Upsampler)
    able = operator.paired if isinstance(operator, A2U) else operator.card.pairs_down
    if asked and not able:
        raise A2UError(f"{operator.card.title} cannot go down: leave paired=True out, or choose an operator that can.")
    return able if asked is None else asked


def _initialise(net: MattingNet) -> None:
    """Kaiming's normal initialisation of the network's own convolutions; the operators keep their own."""
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d) and not name.startswith("ups."):
            nn.init.kaiming_normal_(module.weight, a=SLOPE)
    # A random weight from one channel to one is negative half of the time: alpha could then hardly rise above 0, and
    # training would settle at alpha 0. With the identity, alpha begins as what the last norm and activation give.
    nn.init.dirac_(net.head.alpha.weight)

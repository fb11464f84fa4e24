"""Files of microscopes, made by hand: descriptions as OME has them, and containers of makers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import tifffile

OME = "http://www.openmicroscopy.org/Schemas/OME/2016-06"

CZI = """<?xml version="1.0"?>
<ImageDocument><Metadata>
 <Information>
  <Image>
   <SizeX>64</SizeX><SizeY>64</SizeY><SizeZ>9</SizeZ><ComponentBitCount>16</ComponentBitCount>
   <ObjectiveSettings><ObjectiveRef Id="Objective:1"/><RefractiveIndex>1.518</RefractiveIndex>
   </ObjectiveSettings>
   <Dimensions><Channels>
    <Channel Id="Channel:0" Name="EGFP"><EmissionWavelength>509</EmissionWavelength>
     <ExcitationWavelength>488</ExcitationWavelength><PinholeSizeAiry>1.2</PinholeSizeAiry>
     <AcquisitionMode>LaserScanningConfocalMicroscopy</AcquisitionMode></Channel>
    <Channel Id="Channel:1" Name="MitoTracker"><EmissionWavelength>599</EmissionWavelength>
     <ExcitationWavelength>561</ExcitationWavelength><ExposureTime>80000000</ExposureTime>
     <AcquisitionMode>WideField</AcquisitionMode></Channel>
   </Channels></Dimensions>
  </Image>
  <Instrument><Objectives>
   <Objective Id="Objective:1" Name="Plan-Apochromat 63x/1.40 Oil DIC M27">
    <LensNA>1.3999999999999999</LensNA><NominalMagnification>63</NominalMagnification>
    <Immersion>Oil</Immersion></Objective>
  </Objectives></Instrument>
 </Information>
 <Scaling><Items>
  <Distance Id="X"><Value>7.1e-08</Value></Distance>
  <Distance Id="Y"><Value>7.1e-08</Value></Distance>
  <Distance Id="Z"><Value>3e-07</Value></Distance>
 </Items></Scaling>
</Metadata></ImageDocument>
"""

LIF = """<LMSDataContainerHeader Version="2"><Element Name="a.lif"><Children>
 <Element Name="Series001"><Data><Image>
  <ImageDescription>
   <Channels><ChannelDescription DataType="0" ChannelTag="0" Resolution="12" LUTName="Red"
    NameOfMeasuredQuantity="" Min="0" Max="4095" Unit="" IsLUTInverted="0" BytesInc="0"
    BitInc="0"/></Channels>
   <Dimensions>
    <DimensionDescription DimID="1" NumberOfElements="5" Origin="0" Length="3.2e-07" Unit="m"
     BytesInc="2" BitInc="0"/>
    <DimensionDescription DimID="2" NumberOfElements="5" Origin="0" Length="3.2e-07" Unit="m"
     BytesInc="10" BitInc="0"/>
   </Dimensions>
  </ImageDescription>
  <Attachment Name="HardwareSetting"><ATLConfocalSettingDefinition NumericalAperture="1.4"
   Magnification="63" Immersion="OIL" RefractionIndex="1.518" PinholeAiry="1.0"
   ObjectiveName="HC PL APO CS2    63x/1.40 OIL"
   EmissionWavelengthForPinholeAiryCalculation="580"/></Attachment>
 </Image></Data><Memory Size="50" MemoryBlockID="MemBlock_1"/></Element>
</Children></Element></LMSDataContainerHeader>
"""


def write_tiff(path: Path, description: str, shape: tuple[int, ...] = (8, 8), **tags) -> Path:
    """A TIFF of black pixels with a description as it stands."""
    tifffile.imwrite(path, np.zeros(shape, np.uint16), description=description.encode(),
                     metadata=None, photometric="minisblack", **tags)  # fmt: skip
    return path


def ome(
    pixels: str = "",
    channels: tuple[str, ...] = ("",),
    objective: str = "",
    settings: str = "",
    planes: str = "",
    more: str = "",
) -> str:
    """OME-XML of a plane for each channel, with attributes as given."""
    listed = "".join(
        f'<Channel ID="Channel:0:{n}" SamplesPerPixel="1" {told}/>'
        for n, told in enumerate(channels)
    )
    kit = f'<Instrument ID="Instrument:0"><Objective ID="Objective:0" {objective}/></Instrument>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{OME}">{kit if objective else ""}'
        f'<Image ID="Image:0">{settings}<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        f'SizeX="8" SizeY="8" SizeZ="1" SizeC="{len(channels)}" SizeT="1" {pixels}>{listed}'
        f'<TiffData IFD="0" PlaneCount="{len(channels)}"/>{planes}</Pixels></Image>{more}</OME>'
    )


def write_czi(path: Path, xml: str = CZI) -> Path:
    """A CZI that holds its metadata and nothing else."""
    text = xml.encode()
    head = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, b"", b"", 0, 0, 544, 0, 0).ljust(512, b"\0")
    body = struct.pack("<ii", len(text), 0).ljust(256, b"\0") + text
    path.write_bytes(_segment(b"ZISRAWFILE", head) + _segment(b"ZISRAWMETADATA", body))
    return path


def _segment(name: bytes, content: bytes) -> bytes:
    return struct.pack("<16sqq", name, len(content), len(content)) + content


def write_lif(path: Path, xml: str = LIF) -> Path:
    """A LIF of one image of 5 × 5 pixels."""
    text = xml.encode("utf-16-le")
    name, pixels = "MemBlock_1".encode("utf-16-le"), bytes(50)
    header = struct.pack("<IIBI", 0x70, 5 + len(text), 0x2A, len(text) // 2) + text
    block = struct.pack("<IIBQBI", 0x70, 14 + len(name), 0x2A, len(pixels), 0x2A, len(name) // 2)
    path.write_bytes(header + block + name + pixels)
    return path

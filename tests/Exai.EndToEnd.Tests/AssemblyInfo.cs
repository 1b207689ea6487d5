using System.Runtime.Versioning;

// Real processes on a machine with few cores: one class after the other, so that clocks measure the product and not the neighbours.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

// The tests send signals and read /proc.
[assembly: SupportedOSPlatform("linux")]

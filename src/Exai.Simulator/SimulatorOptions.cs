namespace Exai.Simulator;

/// <summary>How a <see cref="SimulatorServer"/> starts. Everything has a working default.</summary>
public sealed record SimulatorOptions
{
    /// <summary>The loopback port to listen on; 0 (the default) takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The trouble to play; by default none.</summary>
    public SimulatorScript Script { get; init; } = SimulatorScript.Default;

    /// <summary>Paces headers, tokens and comments, and stamps the log; by default the system's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

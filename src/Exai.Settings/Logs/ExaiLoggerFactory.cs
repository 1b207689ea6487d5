using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

/// <summary>
/// The smallest factory: one provider, no filters, no configuration. It spares the shim the logging package and its start-up time; the daemon
/// adds an <see cref="ExaiLoggerProvider"/> to its host instead.
/// </summary>
public sealed class ExaiLoggerFactory : ILoggerFactory
{
    /// <inheritdoc cref="ExaiLoggerProvider(ExaiLogOptions, TimeProvider, TextWriter?)"/>
    public ExaiLoggerFactory(ExaiLogOptions options, TimeProvider time, TextWriter? standardError = null) =>
        Provider = new ExaiLoggerProvider(options, time, standardError);

    /// <summary>Where everything is written.</summary>
    public ExaiLoggerProvider Provider { get; }

    public ILogger CreateLogger(string categoryName) => Provider.CreateLogger(categoryName);

    /// <exception cref="NotSupportedException">Always: this factory has its one provider.</exception>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This factory has one provider; use Microsoft.Extensions.Logging for more.");

    public void Dispose() => Provider.Dispose();
}

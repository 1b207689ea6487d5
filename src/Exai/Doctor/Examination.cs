using Exai.Cli.Clients;
using Exai.Settings;

namespace Exai.Cli.Doctor;

/// <summary>
/// Walks the way of a call and looks at each link: settings, client, shim, home, daemon, version, store, provider. Each look is on its own, so
/// that one broken link does not hide the next.
/// </summary>
internal sealed class Examination(SettingsResult settings, bool probe, TimeProvider time)
{
    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        findings.AddRange(SettingsCheck.Look(settings));
        findings.AddRange(ClientCheck.Look(ClientPlatform.Current, time));
        findings.Add(await ShimCheck.LookAsync(time, cancellationToken));
        findings.AddRange(TlsCheck.Look(settings.Settings.Link.Tls, time));
        findings.AddRange(HomeCheck.Look(settings.Settings));
        findings.AddRange(await DaemonCheck.LookAsync(settings.Settings, time, cancellationToken));
        findings.AddRange(await ProviderCheck.LookAsync(settings.Settings, probe, time, cancellationToken));
        return findings;
    }
}

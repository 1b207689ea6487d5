namespace Exai.Cli.Doctor;

/// <summary>One line of <c>exai doctor</c>.</summary>
/// <param name="Link">Where on the way from the client to the provider: settings, client, shim, home, daemon, version, store, provider.</param>
/// <param name="Subject">What was looked at: a client's name, a provider's name and step.</param>
/// <param name="Evidence">What was found, with values; never a secret.</param>
/// <param name="Mend">What to do; null when all is well.</param>
internal sealed record Finding(string Link, string Subject, FindingStatus Status, string Evidence, string? Mend = null)
{
    public static Finding Ok(string link, string subject, string evidence) => new(link, subject, FindingStatus.Ok, evidence);

    public static Finding Warning(string link, string subject, string evidence, string mend) => new(link, subject, FindingStatus.Warning, evidence, mend);

    public static Finding Broken(string link, string subject, string evidence, string mend) => new(link, subject, FindingStatus.Broken, evidence, mend);
}

internal enum FindingStatus
{
    Ok,

    /// <summary>Calls can work; somebody should look.</summary>
    Warning,

    /// <summary>Calls cannot get past here.</summary>
    Broken,
}

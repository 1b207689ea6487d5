namespace Exai.Settings.Home;

/// <summary>The one folder that holds everything this user's daemon and shims share. Naming only; <see cref="EnsureCreated"/> alone touches the disk.</summary>
public sealed class ExaiHome
{
    /// <param name="path">Absolute.</param>
    public ExaiHome(string path)
    {
        Path = path;
        LogsDirectory = In("logs");
        CacheDirectory = In("cache");
    }

    public string Path { get; }

    public string Database => In("exai.db");

    /// <summary>The link's shared secret, 0600.</summary>
    public string TokenFile => In("token");

    /// <summary>Where the daemon listens and how it is.</summary>
    public string HealthFile => In("health.json");

    /// <summary>Who looks after the daemon.</summary>
    public string OwnershipFile => In("daemon.json");

    /// <summary>Held by the daemon that serves.</summary>
    public string ServeLock => In("daemon.lock");

    /// <summary>Held by the one process that starts a daemon.</summary>
    public string AutostartLock => In("autostart.lock");

    public string LogsDirectory { get; }

    public string DaemonLog => System.IO.Path.Combine(LogsDirectory, "daemon.log");

    /// <summary>What a daemon in the background prints before its own log is open, and its last words.</summary>
    public string DaemonStartLog => System.IO.Path.Combine(LogsDirectory, "daemon-start.log");

    public string CacheDirectory { get; }

    /// <summary>The bytes of files that calls name, by their hash.</summary>
    public string BlobsDirectory => In("blobs");

    public string SettingsFile => In(".env");

    /// <summary>Where the providers file is unless a setting says otherwise; read <see cref="ExaiSettings.ProvidersFile"/> to find it.</summary>
    public string ProvidersFile => In("providers.json");

    /// <summary>The user's corrections of the model catalogue; need not exist.</summary>
    public string ModelsFile => In("models.json");

    /// <summary>The log of the shim with this process id.</summary>
    public string ShimLog(int pid) => System.IO.Path.Combine(LogsDirectory, $"shim-{pid}.log");

    /// <summary>Makes the folder and its subfolders for this user alone (0700), and makes sure that it can be written.</summary>
    /// <exception cref="HomeException">It cannot be made, written, or kept from others.</exception>
    public void EnsureCreated() => HomeFolder.EnsureCreated(this);

    public override string ToString() => Path;

    private string In(string name) => System.IO.Path.Combine(Path, name);
}

/// <summary>The home cannot be used. The message is fit for a person: path, reason and mend.</summary>
public sealed class HomeException(string path, string reason, string mend, Exception? innerException = null)
    : Exception($"{path}: {reason}. {mend}", innerException)
{
    /// <summary>The file or folder concerned.</summary>
    public string Path { get; } = path;

    public string Reason { get; } = reason;

    /// <summary>What to do.</summary>
    public string Mend { get; } = mend;
}

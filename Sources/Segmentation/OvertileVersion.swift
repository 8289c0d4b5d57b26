/// The version of Overtile, after https://semver.org.
public enum OvertileVersion {
    public static let current = "0.1.0"
}
